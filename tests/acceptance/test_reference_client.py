"""The same files and the same box serve the reference client of dev containers."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from machine import Done, Machine

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


@pytest.fixture
def client(quickstart, devcontainer: str, docker_cli: str):
    machine, project, _ = quickstart
    folder = Path(docker_cli).parent

    def call(*words: str, workspace: Path = project) -> Done:
        path = f"{folder}:{machine.env['PATH']}"
        return machine.command(
            *(devcontainer, words[0], "--workspace-folder", workspace, *words[1:]),
            cwd=workspace,
            env={"PATH": path},
        )

    return call


def test_builds_from_the_files_alone(quickstart, client, docker_cli, tmp_path, engine: Engine):
    _, project, _ = quickstart
    shutil.copytree(project / ".devcontainer", tmp_path / ".devcontainer")
    name = f"devbox-acceptance-{tmp_path.name.lower()}"
    done = client("build", "--image-name", name, workspace=tmp_path)
    try:
        assert done.code == 0, done
        assert json.loads(done.out)["outcome"] == "success"
        words = ("run", "--rm", name, "python3", "-c", "import sklearn, ipykernel, jupyter_devbox")
        subprocess.run([docker_cli, *words], check=True, capture_output=True)
    finally:
        engine.remove_image(name)
    assert {path.name for path in tmp_path.iterdir()} == {".devcontainer"}


def test_up_joins_our_box_and_exec_writes_as_the_user(quickstart, client, engine: Engine):
    machine, project, _ = quickstart
    machine.must("run", "quickstart.ipynb", "--output", "again.ipynb", cwd=project)
    (box,) = machine.must("status", "--json", cwd=project).json["boxes"]
    assert box["running"]

    up = client("up")
    assert up.code == 0, up
    answer = json.loads(up.out)
    assert answer["outcome"] == "success"
    assert answer["containerId"] == box["id"]
    assert answer["remoteUser"] == "jovyan"

    written = project / "by the client.txt"
    done = client("exec", "sh", "-c", f"echo $USER $HOME > '{written.name}'")
    assert done.code == 0, done
    assert written.read_text() == "jovyan /home/jovyan\n"
    assert written.stat().st_uid == machine.uid
    # It joined: there is one box still.
    assert machine.must("status", "--json", cwd=project).json["boxes"] == [box]


def test_the_box_works_on_after_the_client_was_there(quickstart, client, engine: Engine):
    machine: Machine
    machine, project, _ = quickstart
    ran = machine.must("run", "quickstart.ipynb", "--output", "later.ipynb", "--json", cwd=project)
    assert ran.json["error"] is None
