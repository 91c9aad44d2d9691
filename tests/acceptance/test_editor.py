"""What VS Code finds in the container that its own client makes of the written files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clients import SHORT, Client, cleaned
from machine import Machine, printed, write_notebook

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

CELL = "import socket, sys\nprint(socket.gethostname(), sys.prefix)"
SETTING = "python.defaultInterpreterPath"


@pytest.fixture(scope="module")
def kernel(machine: Machine, engine: Engine) -> str:
    """Name of the box kernel of a project whose folder's name has a space."""
    folder = machine.project("my work")
    for name in ("n.ipynb", "own.ipynb"):
        write_notebook(folder / name, CELL)
    machine.must("containerize", "n.ipynb", "own.ipynb", cwd=folder)
    (kernel,) = machine.must("kernel", "list", "--json", cwd=folder).json["kernels"]
    return kernel["name"]


@pytest.fixture(scope="module")
def project(machine: Machine, kernel: str, engine: Engine) -> Iterator[Path]:
    """The project as Jupyter saved it: one notebook ran in the box, one in another kernel."""
    folder = machine.root / "projects" / "my work"
    names = {"n.ipynb": (kernel, "my work · CPU"), "own.ipynb": ("Analysis-3.11", "Analysis")}
    for notebook, (name, title) in names.items():
        spec = {"name": name, "display_name": title, "language": "python"}
        write_notebook(folder / notebook, CELL, kernelspec=spec)
    with cleaned(engine, folder):
        yield folder


@pytest.fixture(scope="module")
def client(machine: Machine, make_client) -> Client:
    return make_client(machine, "devcontainer")


@pytest.fixture(scope="module")
def container(client: Client, project: Path) -> str:
    """Short id of the container that the client made; there was no box."""
    return client.up(project)


def merged(client: Client, project: Path) -> dict[str, Any]:
    words = ("--include-merged-configuration",)
    return client.must("read-configuration", *words, workspace=project).json["mergedConfiguration"]


def test_the_editor_is_set_up(client: Client, project: Path, container: str):
    found = merged(client, project)
    told = found["customizations"]["vscode"]
    assert {e for one in told for e in one.get("extensions", ())} == {
        "ms-python.python",
        "ms-toolsai.jupyter",
    }
    (interpreter,) = {
        one["settings"][SETTING] for one in told if SETTING in one.get("settings", {})
    }
    code = "import sys, ipykernel, jupyter_devbox; print(sys.prefix)"
    done = client.must("exec", interpreter, "-c", code, workspace=project)
    assert done.out == "/opt/venv\n"
    assert found["remoteUser"] == "jovyan"
    assert found["shutdownAction"] == "none"


def test_the_kernels_that_the_notebooks_name_are_there_and_run(
    client: Client, project: Path, container: str, kernel: str
):
    listed = client.must("exec", "jupyter", "kernelspec", "list", "--json", workspace=project)
    specs = json.loads(listed.out)["kernelspecs"]
    assert set(specs) == {"python3", kernel, "analysis-3.11"}
    assert specs[kernel]["spec"]["display_name"] == "my work · CPU"
    for notebook in ("n.ipynb", "own.ipynb"):
        done = client.execute(project, notebook, f"ran-{notebook}")
        assert printed(done.cells[0]) == f"{container} /opt/venv\n"


def test_the_client_s_commands_come_again_and_change_nothing(
    client: Client, project: Path, container: str
):
    before = {path: path.read_bytes() for path in (project / ".devcontainer").glob("*.*")}
    done = client.must("run-user-commands", workspace=project)
    assert done.json["outcome"] == "success"
    assert client.up(project) == container
    assert {path: path.read_bytes() for path in (project / ".devcontainer").glob("*.*")} == before


def where(machine: Machine, project: Path) -> str:
    """Return the short id of the container in which our kernel runs."""
    machine.must("run", "n.ipynb", "--output", "where.ipynb", cwd=project)
    document = json.loads((project / "where.ipynb").read_text(encoding="utf-8"))
    return document["cells"][0]["outputs"][0]["text"][0].split()[0]


def test_our_kernels_join_the_client_s_container(
    machine: Machine, client: Client, project: Path, container: str, engine: Engine
):
    assert where(machine, project) == container
    assert machine.must("status", "--json", cwd=project).json["boxes"] == []


def test_a_rebuild_takes_the_place_of_the_container(
    machine: Machine, client: Client, project: Path, container: str, engine: Engine
):
    again = client.up(project, "--remove-existing-container")
    assert again != container
    assert engine.container(container) is None
    assert where(machine, project) == again


def test_our_box_is_joined_and_not_doubled(
    machine: Machine, client: Client, project: Path, kernel: str, engine: Engine
):
    with cleaned(engine, project):
        short = where(machine, project)
        (box,) = machine.must("status", "--json", cwd=project).json["boxes"]
        assert box["id"].startswith(short)
        up = client.must("up", "--include-merged-configuration", workspace=project).json
        assert up["containerId"] == box["id"]
        told = json.dumps(up["mergedConfiguration"]["customizations"]["vscode"])
        assert "ms-toolsai.jupyter" in told
        assert f'"{SETTING}": "/opt/venv/bin/python"' in told
        assert up["mergedConfiguration"]["shutdownAction"] == "none"
        done = client.execute(project, "n.ipynb", "joined.ipynb")
        assert printed(done.cells[0]) == f"{short} /opt/venv\n"
        # A rebuild removes it, and our kernels follow.
        again = client.up(project, "--remove-existing-container")
        assert engine.container(box["id"]) is None
        assert where(machine, project) == again


def test_a_changed_configuration_makes_the_box_stale(
    machine: Machine, client: Client, project: Path, kernel: str, engine: Engine
):
    config = project / ".devcontainer" / "devcontainer.json"
    text = config.read_text(encoding="utf-8")
    with cleaned(engine, project):
        where(machine, project)
        (box,) = machine.must("status", "--json", cwd=project).json["boxes"]
        assert box["stale"] is False
        config.write_text(text.replace('"init": true', '"init": false'), encoding="utf-8")
        try:
            # The client joins it without a word; we say so.
            assert client.up(project) == box["id"][:SHORT]
            told = machine.must("status", cwd=project)
            assert "from older files" in told.out
            (box,) = machine.must("status", "--json", cwd=project).json["boxes"]
            assert box["stale"] is True
        finally:
            config.write_text(text, encoding="utf-8")


def test_a_missing_comma_is_named_by_us_alone(machine: Machine, client: Client, project: Path):
    config = project / ".devcontainer" / "devcontainer.json"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace('"remoteUser": "jovyan",', '"remoteUser": "jovyan"'), "utf-8")
    try:
        assert client.call("read-configuration", workspace=project).code == 0
        for words in (("containerize", "n.ipynb"), ("build",), ("status",), ("share",), ("trust",)):
            done = machine.devbox(*words, "--json", cwd=project)
            assert (done.code, done.error["code"]) == (42, "configuration"), done
            line = 1 + text[: text.index('"remoteUser"')].count("\n")
            assert f"devcontainer.json is broken at line {line}, column 25" in done.error["message"]
            assert '"," expected' in done.error["message"]
    finally:
        config.write_text(text, encoding="utf-8")


def test_any_user_can_install_packages(machine: Machine, kernel: str, docker_cli: str):
    spec = json.loads((machine.data / "kernels" / kernel / "kernel.json").read_text())
    image = spec["metadata"]["jupyter_devbox"]["image"]
    code = "python3 -m pip install --quiet six && python3 -c 'import six, os; print(os.getuid())'"
    ca = machine.env.get("SSL_CERT_FILE", "")
    trust = (
        ("-v", f"{ca}:{ca}:ro", "-e", f"SSL_CERT_FILE={ca}", "-e", f"PIP_CERT={ca}") if ca else ()
    )
    words = ("run", "--rm", "--user", "4321:8765", *trust, image, "sh", "-c", code)
    done = machine.command(docker_cli, *words, cwd=machine.root)
    assert (done.code, done.out.strip()) == (0, "4321"), done
