"""Every sample project: containerized, built, executed in its box, with the host's outputs."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest
from machine import ROOT, Machine
from notebook_outputs import outputs
from readers import read_by_others

from jupyter_devbox.engine.base import Engine

PROJECTS = ROOT / "tests" / "projects"
CASES = sorted(path.parent.name for path in PROJECTS.glob("*/verify"))
HOSTILE = 'it\'s "naïve" $(touch pwned); {x} ✓'

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


def test_the_notebooks_are_as_their_script_writes_them(monkeypatch):
    monkeypatch.syspath_prepend(PROJECTS)
    from write_notebooks import NOTEBOOKS, notebook

    assert sorted(NOTEBOOKS) == CASES
    for name, cells in NOTEBOOKS.items():
        written = (PROJECTS / name / "analysis.ipynb").read_text(encoding="utf-8")
        assert written == notebook(cells), "python tests/projects/write_notebooks.py"


def check(machine: Machine, docker_cli: str, case: str, name: str, title: str = "analysis") -> None:
    """Do with a project what a user does, and look at all that comes of it."""
    project = machine.project(name, PROJECTS / case)
    notebook = project / f"{title}.ipynb"
    (project / "analysis.ipynb").rename(notebook)
    expected = json.loads((PROJECTS / case / "expect.json").read_text(encoding="utf-8"))

    facts = machine.must("capture", notebook.name, "--json", cwd=project).json
    assert [r["name"] for r in facts["requirements"]] == expected["requirements"]
    assert [a["name"] for a in facts["apt"]] == expected["apt"]
    assert [u["import"] for u in facts["unresolved"]] == expected["unresolved"]

    made = machine.must("containerize", notebook.name, "--json", cwd=project)
    assert made.json["image"].startswith("sha256:"), made
    assert ".devcontainer/devcontainer.json" in made.json["files"]

    ran = machine.must("run", notebook.name, "--output", "box.ipynb", "--json", cwd=project)
    assert ran.json["error"] is None
    in_box = nbformat.read(project / "box.ipynb", as_version=4)
    if on_host(machine, case):
        machine.execute(notebook, "python3", project / "host.ipynb")
        on_the_host = nbformat.read(project / "host.ipynb", as_version=4)
        assert outputs(in_box) == outputs(on_the_host)

    for path in project.rglob("*"):
        assert path.lstat().st_uid == machine.uid, path
    (box,) = machine.must("status", "--json", cwd=project).json["boxes"]
    folder = "/workspaces/" + project.name
    shutil.copy2(PROJECTS / case / "verify", project / "verify")
    words = ("exec", "--workdir", folder, box["id"], "./verify", "box.ipynb")
    done = subprocess.run([docker_cli, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout, done.stderr)


def on_host(machine: Machine, case: str) -> bool:
    """Tell whether this host has the Debian packages that the sample needs."""
    if case != "c_library":
        return True
    library = machine.command(machine.kernel, "-c", "import magic", cwd=machine.root)
    return shutil.which("jq") is not None and library.code == 0


@pytest.mark.parametrize("case", CASES)
def test_project(case: str, machine: Machine, engine: Engine, docker_cli: str) -> None:
    check(machine, docker_cli, case, case)


def test_hostile_names(machine: Machine, engine: Engine, docker_cli: str) -> None:
    check(machine, docker_cli, "plain", HOSTILE, title='my "notes" `id` $(id); ünï')
    assert not list(machine.root.rglob("pwned"))
    assert not Path("pwned").exists()


def test_other_programs_read_the_files_of_every_sample(
    machine: Machine, devcontainer: str, engine: Engine
) -> None:
    """After the others, which wrote them: the programs start slowly, and take all at once."""
    written = sorted(path.parent for path in machine.root.glob("projects/*/.devcontainer"))
    if not written:
        pytest.skip("no sample was containerized in this run")
    read_by_others(written, devcontainer)
