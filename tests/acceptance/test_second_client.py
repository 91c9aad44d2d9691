"""The same files under another implementation of the dev container specification."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from clients import SHORT, Client, cleaned
from machine import Machine, printed, write_notebook

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.spec.written import ATTACH_COMMAND

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

CELL = "import socket, sys\nprint(socket.gethostname(), sys.prefix)"


@pytest.fixture(scope="module")
def project(machine: Machine, engine: Engine) -> Iterator[Path]:
    folder = machine.project("second client")
    write_notebook(folder / "n.ipynb", CELL)
    machine.must("containerize", "n.ipynb", cwd=folder)
    (kernel,) = machine.must("kernel", "list", "--json", cwd=folder).json["kernels"]
    spec = {"name": kernel["name"], "display_name": "second client · CPU", "language": "python"}
    write_notebook(folder / "n.ipynb", CELL, kernelspec=spec)
    with cleaned(engine, folder):
        yield folder


@pytest.fixture(scope="module")
def client(machine: Machine, make_client) -> Client:
    return make_client(machine, "second_client")


def test_it_is_another_one(
    machine: Machine, client: Client, make_client, project: Path, engine: Engine
):
    other = make_client(machine, "devcontainer")
    versions = [one.command("--version", cwd=project) for one in (client, other)]
    assert [done.code for done in versions] == [0, 0]
    assert versions[0].out != versions[1].out


def test_it_reads_what_the_editor_needs(client: Client, project: Path, engine: Engine):
    words = ("read-configuration", "--include-merged-configuration")
    found = client.must(*words, workspace=project).json
    told = json.dumps(found["mergedConfiguration"]["customizations"]["vscode"])
    for value in ("ms-python.python", "ms-toolsai.jupyter", "/opt/venv/bin/python"):
        assert value in told
    assert found["configuration"]["postAttachCommand"] == ATTACH_COMMAND


def test_its_container_has_the_kernel_and_ours_join_it(
    machine: Machine, client: Client, project: Path, engine: Engine
):
    with cleaned(engine, project):
        container = client.up(project)
        done = client.execute(project, "n.ipynb", "by-it.ipynb")
        assert printed(done.cells[0]) == f"{container} /opt/venv\n"
        assert client.up(project) == container
        assert client.must("run-user-commands", workspace=project)
        machine.must("run", "n.ipynb", "--output", "ours.ipynb", cwd=project)
        assert container in (project / "ours.ipynb").read_text()
        again = client.up(project, "--remove-existing-container")
        assert again != container
        assert engine.container(container) is None


def test_it_joins_our_box(machine: Machine, client: Client, project: Path, engine: Engine):
    with cleaned(engine, project):
        machine.must("run", "n.ipynb", "--output", "first.ipynb", cwd=project)
        (box,) = machine.must("status", "--json", cwd=project).json["boxes"]
        assert client.up(project) == box["id"][:SHORT]
        done = client.must("exec", "sh", "-c", "echo $USER; touch 'by it'", workspace=project)
        assert done.out == "jovyan\n"
        assert (project / "by it").stat().st_uid == machine.uid
