"""The same files and the same box serve the reference client of dev containers."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from clients import Client
from machine import Machine

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


@pytest.fixture(scope="module")
def client(quickstart, make_client) -> Client:
    return make_client(quickstart[0], "devcontainer")


def test_builds_from_the_files_alone(quickstart, client: Client, docker_cli, engine: Engine):
    machine, project, _ = quickstart
    alone = machine.project("alone")
    shutil.copytree(project / ".devcontainer", alone / ".devcontainer")
    name = f"devbox-acceptance-{machine.root.name.lower()}"
    try:
        done = client.must("build", "--image-name", name, workspace=alone)
        assert done.json["outcome"] == "success"
        words = ("run", "--rm", name, "python3", "-c", "import sklearn, ipykernel, jupyter_devbox")
        subprocess.run([docker_cli, *words], check=True, capture_output=True)
    finally:
        engine.remove_image(name)
    assert {path.name for path in alone.iterdir()} == {".devcontainer"}


def test_up_joins_our_box_and_exec_writes_as_the_user(quickstart, client: Client, engine: Engine):
    machine, project, _ = quickstart
    machine.must("run", "quickstart.ipynb", "--output", "again.ipynb", cwd=project)
    (box,) = machine.must("status", "--json", cwd=project).json["boxes"]
    assert box["running"]

    answer = client.must("up", workspace=project).json
    assert answer["outcome"] == "success"
    assert answer["containerId"] == box["id"]
    assert answer["remoteUser"] == "jovyan"

    written = project / "by the client.txt"
    client.must("exec", "sh", "-c", f"echo $USER $HOME > '{written.name}'", workspace=project)
    assert written.read_text() == "jovyan /home/jovyan\n"
    assert written.stat().st_uid == machine.uid
    # It joined: there is one box still. What it uses is another amount each time.
    (now,) = machine.must("status", "--json", cwd=project).json["boxes"]
    assert {**now, "use": None} == {**box, "use": None}


def test_the_box_works_on_after_the_client_was_there(quickstart, client, engine: Engine):
    machine: Machine
    machine, project, _ = quickstart
    ran = machine.must("run", "quickstart.ipynb", "--output", "later.ipynb", "--json", cwd=project)
    assert ran.json["error"] is None
