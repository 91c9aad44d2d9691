"""`%devbox sync`, `add` and `apt install` in a box: asked, shown, and done only on a yes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from box_cells import run_cells
from machine import Machine, tree_digest, write_notebook

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.spec.container import ExecSpec

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

LOAD = "%load_ext jupyter_devbox"
PIP = "%pip install -q --disable-pip-version-check"


@pytest.fixture(scope="module")
def asked(machine: Machine, engine: Engine) -> tuple[Machine, Path, str]:
    """A project with a box, and its kernel's name."""
    project = machine.project("more")
    write_notebook(project / "n.ipynb", "print(6 * 7)")
    made = machine.must("containerize", "n.ipynb", "--json", cwd=project).json
    return machine, project, made["kernels"][0]["name"]


def waiting(asked: Any) -> list[dict[str, Any]]:
    machine, project, _ = asked
    return machine.must("trust", "--json", cwd=project).json["asks"]


def inputs(project: Path) -> str:
    return (project / ".devcontainer" / "requirements.in").read_text()


def box_of(asked: Any) -> str:
    machine, project, _ = asked
    boxes = machine.must("status", "--json", cwd=project).json["boxes"]
    return next(box["id"] for box in boxes if box["running"])


def test_sync(asked):
    machine, project, kernel = asked
    before = tree_digest(project)
    cells = (f"{PIP} iniconfig==2.0.0", LOAD, "%devbox sync", "%devbox status")
    said = run_cells(machine, kernel, project / "n.ipynb", *cells)
    assert "waits for your word" in said[2], said
    assert "works outside of the box" in said[3]
    assert tree_digest(project) == before
    (ask,) = waiting(asked)
    assert (ask["verb"], ask["names"]) == ("sync", [])
    assert "+iniconfig==2.0.0" in "\n".join(ask["diff"])
    done = machine.must("trust", "--accept", ask["id"], "--json", cwd=project).json
    assert done["image"]
    assert "iniconfig==2.0.0" in inputs(project)
    assert waiting(asked) == []


def test_add(asked):
    machine, project, kernel = asked
    said = run_cells(machine, kernel, project / "n.ipynb", LOAD, "%devbox add 'idna<3.8'")
    assert "waits for your word" in said[1], said
    assert "idna" not in inputs(project)
    (ask,) = waiting(asked)
    assert (ask["verb"], ask["names"]) == ("add", ["idna<3.8"])
    assert "add idna<3.8, for n.ipynb" in machine.must("trust", cwd=project).out
    machine.must("trust", "--accept", ask["id"], cwd=project)
    assert "idna<3.8" in inputs(project)
    said = run_cells(machine, kernel, project / "n.ipynb", LOAD, "%devbox add 'idna<3.8'")
    assert "Nothing to add" in said[1]


def test_apt(asked, engine: Engine):
    machine, project, kernel = asked
    notebook = project / "n.ipynb"
    said = run_cells(machine, kernel, notebook, LOAD, "%devbox apt install tree")
    assert "waits for your word" in said[1], said
    box = box_of(asked)
    assert engine.run(box, ExecSpec(command=("tree", "--version"))).exit_code != 0
    (ask,) = waiting(asked)
    assert ask["diff"][0].startswith("as root, in the running box of more: apt-get install ")
    assert ask["diff"][0].endswith(" tree")
    machine.must("trust", "--accept", ask["id"], cwd=project)
    found = engine.run(box, ExecSpec(command=("tree", "--version")))
    assert found.exit_code == 0, found
    assert "tree" in (project / ".devcontainer" / "Dockerfile").read_text()
    # The box's user is no more than before.
    assert engine.run(box, ExecSpec(command=("id", "-u"))).stdout.strip() == str(machine.uid)


def test_refused_and_hostile(asked, engine: Engine):
    machine, project, kernel = asked
    before = tree_digest(project)
    cells = (
        LOAD,
        "%devbox apt install ./evil.deb",
        "%devbox apt install -- -o Dir::Etc=/tmp",
        "%devbox apt install libc6-",
        "%devbox add 'six @ https://example.invalid/six.whl'",
        "%devbox add no-such-package-of-anybodys-0",
        "%devbox apt install jq",
    )
    said = run_cells(machine, kernel, project / "n.ipynb", *cells)
    for text in said[1:5]:
        assert "was not understood" in text, said
    assert "no package of this name" in said[5]
    assert "waits for your word" in said[6]
    (ask,) = waiting(asked)
    machine.must("trust", "--refuse", ask["id"], cwd=project)
    again = run_cells(machine, kernel, project / "n.ipynb", LOAD, "%devbox apt install jq")
    assert "refused" in again[1]
    assert tree_digest(project) == before
    assert engine.run(box_of(asked), ExecSpec(command=("jq", "--version"))).exit_code != 0


def test_on_the_host(asked, engine: Engine):
    machine, project, _ = asked
    before = tree_digest(project)
    done = machine.devbox("apt", "install", "jq", "--json", cwd=project)
    assert done.code == 2, done
    assert "apt-get install" in done.error["message"]
    assert done.error["hint"] == "jupyter devbox apt install jq --yes"
    shown = machine.must("apt", "install", "jq", "--dry-run", cwd=project).out
    assert "as root, in the running box of more" in shown
    for words in (("remove", "jq"), ("install",), ()):
        assert machine.devbox("apt", *words, "--yes", cwd=project).code == 2
    unknown = ("apt", "install", "no-such-debian-package", "--yes", "--json")
    done = machine.devbox(*unknown, cwd=project)
    assert done.code == 23, done
    assert "Debian has no package" in done.error["message"]
    assert tree_digest(project) == before
    # A hostile box's own programs, earlier on its PATH, are not what root runs.
    box = box_of(asked)
    evil = (
        "for name in apt-get apt-cache sh dpkg; do "
        'printf \'#!/usr/bin/python3\\nopen("/tmp/evil", "w")\\n\' > /opt/venv/bin/$name; '
        "chmod +x /opt/venv/bin/$name; done; apt-get; ls /tmp/evil; rm /tmp/evil"
    )
    planted = engine.run(box, ExecSpec(command=("/bin/sh", "-c", evil)))
    assert planted.stdout.strip() == "/tmp/evil", planted
    done = machine.must("apt", "install", "jq", "--yes", "--json", cwd=project).json
    assert done["installed"] == ["jq"]
    found = engine.run(box, ExecSpec(command=("jq", "--version")))
    assert found.exit_code == 0, found
    assert engine.run(box, ExecSpec(command=("ls", "/tmp/evil"))).exit_code != 0
    assert "jq" in (project / ".devcontainer" / "Dockerfile").read_text()
