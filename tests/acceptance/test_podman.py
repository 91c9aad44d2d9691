"""The whole way on Podman: files, image, kernel, run, proof, removal; and live work in the box."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from box_cells import run_cells
from machine import Machine, write_notebook
from test_shell import shell

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.spec.container import ExecSpec

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

LISTEN = """
import socket
listener = socket.create_server(("127.0.0.1", 8501))
print("up", flush=True)
input()
"""


@pytest.fixture(scope="module", autouse=True)
def used(machine: Machine, podman: Engine) -> None:
    """Have all commands of this machine use Podman."""
    machine.env["DOCKER_HOST"] = podman.endpoint.url
    machine.env["CONTAINERS_CONF"] = os.environ["CONTAINERS_CONF"]


def test_the_whole_way(machine: Machine, podman: Engine):
    project = machine.project("podman")
    write_notebook(
        project / "n.ipynb", "import packaging, os", "open('made', 'w').close(); print(os.getuid())"
    )
    made = machine.must("containerize", "n.ipynb", "--json", cwd=project).json
    assert podman.image(made["image"]) is not None
    ran = machine.must("run", "n.ipynb", "--json", cwd=project).json
    assert ran["error"] is None
    assert (project / "made").stat().st_uid == os.getuid()
    (box,) = machine.must("status", "--json", cwd=project).json["boxes"]
    assert podman.container(box["id"]) is not None
    proof = machine.must("verify", "--json", cwd=project).json
    assert proof["ok"]
    machine.must("prune", "--all", "--yes", cwd=project)
    assert podman.image(made["image"]) is None
    assert podman.container(box["id"]) is None


@pytest.fixture(scope="module")
def live(machine: Machine, podman: Engine) -> Iterator[tuple[Path, str, str]]:
    """A project, the name of its kernel and the id of its running box."""
    project = machine.project("live")
    notebook = write_notebook(project / "n.ipynb", "import dateutil")
    made = machine.must("containerize", "n.ipynb", "--json", cwd=project).json
    kernel = made["kernels"][0]["name"]
    pip = "%pip install -q --disable-pip-version-check iniconfig==2.0.0"
    said = run_cells(machine, kernel, notebook, pip, "import iniconfig; print(iniconfig.__name__)")
    assert said[1] == "iniconfig\n", said
    (box,) = machine.must("status", "--json", cwd=project).json["boxes"]
    yield project, made["image"], box["id"]
    machine.must("prune", "--all", "--yes", cwd=project)


def test_added_by_hand_and_put_into_the_image(machine: Machine, podman: Engine, live):
    project, image, _ = live
    (box,) = machine.must("status", "--json", cwd=project).json["boxes"]
    assert box["added"] == [{"name": "iniconfig", "version": "2.0.0"}]
    done = machine.must("sync", "--json", cwd=project).json
    assert done["restart"] is True
    assert done["image"] != image
    inputs = project / ".devcontainer" / "requirements.in"
    assert "iniconfig==2.0.0" in inputs.read_text()
    (box,) = machine.must("status", "--json", cwd=project).json["boxes"]
    assert (box["added"], box["running"]) == ([], True)
    assert machine.must("sync", "--json", cwd=project).json["files"] == []
    machine.must("apt", "install", "tree", "--yes", cwd=project)
    assert podman.run(box["id"], ExecSpec(command=("tree", "--version"))).exit_code == 0
    machine.must("remove", "iniconfig", "--no-build", cwd=project)
    assert "iniconfig" not in inputs.read_text()


def test_what_takes_the_room(machine: Machine, podman: Engine, live):
    project, image, _ = live
    (found,) = machine.must("images", "--explain", "--json", cwd=project).json["images"]
    assert podman.image(image) is not None
    contents = found["contents"]
    assert {"ipykernel", "pip"} <= {package["name"] for package in contents["packages"]}
    assert contents["slim_saves"] == sum(contents["spare"].values()) > 0
    assert "Python packages, stable" in {layer["what"] for layer in found["layers"]}
    total = sum(layer["bytes"] for layer in found["layers"])
    assert abs(total - found["bytes"]) < 0.05 * found["bytes"], found["layers"]
    rows = machine.must("images", "--json", cwd=project).json["images"]
    assert all(row["own_bytes"] + row["shared_bytes"] == row["bytes"] for row in rows)


def test_what_listens_is_listed(machine: Machine, podman: Engine, live):
    project, _, box = live
    words = ("python3", "-u", "-c", LISTEN)
    stream = podman.stream(box, ExecSpec(command=words, stdin=True))
    try:
        assert stream.read().startswith(b"up")
        found = machine.must("ports", "--json", cwd=project).json["ports"]
        assert [(port["port"], port["process"]) for port in found] == [(8501, "python3")]
    finally:
        stream.close()


def test_a_shell_is_the_user_s_and_its_exit_code_too(machine: Machine, live):
    project, _, _ = live
    with shell(machine, cwd=project) as terminal:
        terminal.until("In the box")
        assert terminal.ask("id -u") == str(machine.uid)
        assert terminal.ask("pwd") == "/workspaces/live"
        terminal.enter("exit 7")
        assert terminal.process.wait(90) == 7
