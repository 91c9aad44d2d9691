"""Packages for those who type: `add` and `remove`, with their mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest
from machine import Machine, tree_digest, write_notebook

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


@pytest.fixture(scope="module")
def project(machine: Machine, engine: Engine) -> Path:
    folder = machine.project("typed")
    write_notebook(folder / "n.ipynb", "import dateutil")
    machine.must("containerize", "n.ipynb", "--no-build", cwd=folder)
    return folder


def lines(project: Path) -> list[str]:
    text = (project / ".devcontainer" / "requirements.in").read_text()
    return [line.split("  #")[0] for line in text.splitlines() if line and line[0] != "#"]


def test_added_and_removed(machine: Machine, project: Path):
    before = lines(project)
    stable = (project / ".devcontainer" / "requirements.stable.txt").read_bytes()
    shown = machine.must("add", "Iniconfig<2.1", "--diff", cwd=project).out
    assert "+iniconfig<2.1" in shown
    assert lines(project) == before
    done = machine.must("add", "Iniconfig<2.1", "--no-build", "--json", cwd=project).json
    assert done["added"] == ["Iniconfig<2.1"]
    assert done["kernels"] == []
    assert "iniconfig<2.1" in lines(project)
    assert "iniconfig==2.0.0" in (project / ".devcontainer" / "requirements.txt").read_text()
    assert (project / ".devcontainer" / "requirements.stable.txt").read_bytes() == stable
    done = machine.must("remove", "INICONFIG", "--no-build", "--json", cwd=project).json
    assert done["removed"] == ["INICONFIG"]
    assert lines(project) == before
    assert "iniconfig" not in (project / ".devcontainer" / "requirements.txt").read_text()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("add",), 2, "takes a package's name"),
        (("add", "six @ https://example.invalid/six.whl"), 23, "with an address"),
        (("add", "../evil"), 23, "not a package requirement"),
        (("add", "six; rm -rf /"), 23, "not a package requirement"),
        (("add", "no-such-package-of-anybodys-0"), 23, "no package of this name"),
        (("add", "iniconfig==0.0.999"), 31, ""),
        (("remove", "python-dateutil"), 20, "n.ipynb needs this package"),
        (("remove", "six"), 20, "does not name this package"),
        (("remove", "a b"), 23, "not a package name"),
        (("remove", "pip"), 20, "Every box needs"),
        (("remove",), 2, "takes a package's name"),
    ],
)
def test_mistakes_change_nothing(machine: Machine, project: Path, words, code, says):
    before = tree_digest(project)
    done = machine.devbox(*words, "--no-build", "--json", cwd=project)
    assert done.code == code, done
    assert says in done.error["message"]
    assert done.error["hint"]
    assert tree_digest(project) == before


def test_a_line_of_the_user_s_own_is_not_removed(machine: Machine, project: Path):
    inputs = project / ".devcontainer" / "requirements.in"
    text = inputs.read_text()
    inputs.write_text(text + "idna>=3\n")
    machine.must("trust", "--approve", cwd=project)
    before = tree_digest(project)
    done = machine.devbox("remove", "idna", "--no-build", "--json", cwd=project)
    assert done.code == 20, done
    assert "You wrote this line yourself" in done.error["message"]
    assert tree_digest(project) == before
    inputs.write_text(text)
    machine.must("trust", "--approve", cwd=project)


def test_where_nothing_was_containerized(machine: Machine):
    empty = machine.project("untouched")
    write_notebook(empty / "n.ipynb", "1")
    done = machine.devbox("add", "six", "--json", cwd=empty)
    assert done.code == 20, done
    assert "No notebook is containerized here yet" in done.error["message"]
