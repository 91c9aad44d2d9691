"""`verify` proves the lock, and proposes what capture cannot see."""

from __future__ import annotations

import nbformat
import pytest
from machine import Machine, write_notebook

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.network, pytest.mark.slow]
# The name is computed, so nothing but running it tells that openpyxl is needed.
LAZY = "import importlib\nname = 'open' + 'pyxl'\nprint(importlib.import_module(name).__name__)"
NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent.sock"}


@pytest.mark.docker
def test_a_missing_import_is_proposed_and_taken(machine: Machine, engine: Engine):
    project = machine.project("lazy")
    write_notebook(project / "n.ipynb", "1", LAZY)
    machine.must("containerize", "n.ipynb", cwd=project)
    proof = machine.devbox("verify", "--json", cwd=project)
    assert proof.code == 74, proof
    (notebook,) = proof.json["notebooks"]
    assert notebook["ok"] is False
    assert notebook["proposed"]["cell"] == 2
    assert notebook["proposed"]["pin"].startswith("openpyxl==")
    text = machine.devbox("verify", cwd=project)
    assert "cell 2 needs openpyxl==" in text.out
    assert "verify --fix" in text.out

    fixed = machine.must("verify", "--fix", "--json", cwd=project)
    assert fixed.json["ok"] is True
    assert (
        notebook["proposed"]["pin"] in (project / ".devcontainer" / "requirements.in").read_text()
    )
    # The pin is remembered: the next containerize does not drop it.
    machine.must("containerize", "n.ipynb", cwd=project)
    machine.must("verify", cwd=project)


@pytest.mark.docker
def test_outputs_that_differ_are_named(small, engine: Engine):
    machine, project = small
    document = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("print('box')"), nbformat.v4.new_code_cell("6 * 7")]
    )
    document.cells[0].outputs = [nbformat.v4.new_output("stream", name="stdout", text="host\n")]
    document.cells[1].outputs = [
        nbformat.v4.new_output("execute_result", data={"text/plain": "42"}, execution_count=2)
    ]
    kept = (project / "n.ipynb").read_text()
    (project / "n.ipynb").write_text(nbformat.writes(document))
    try:
        proof = machine.devbox("verify", "--json", cwd=project)
    finally:
        (project / "n.ipynb").write_text(kept)
    assert proof.code == 74
    (difference,) = proof.json["notebooks"][0]["differences"]
    assert difference.startswith("cell 1:")


def test_venv_without_an_engine(machine: Machine):
    project = machine.project("engineless")
    write_notebook(project / "n.ipynb", "import openpyxl, sys\nprint(openpyxl.__version__)")
    made = machine.must(
        "containerize", "n.ipynb", "--target", "venv", "--json", cwd=project, env=NO_ENGINE
    )
    assert made.json["image"] is None
    (kernel,) = made.json["kernels"]
    assert kernel["target"] == "venv"
    ran = machine.must("run", "n.ipynb", "--json", cwd=project, env=NO_ENGINE).json
    assert ran["error"] is None
    again = machine.must("containerize", "n.ipynb", "--target", "venv", cwd=project, env=NO_ENGINE)
    assert "Nothing was written or built" in again.out
    proof = machine.must("verify", "--json", cwd=project, env=NO_ENGINE).json
    assert (proof["ok"], proof["target"]) == (True, "venv")
    status = machine.must("status", "--json", cwd=project, env=NO_ENGINE).json
    assert status["drift"] is False

    write_notebook(project / "n.ipynb", LAZY)
    machine.must("containerize", "n.ipynb", "--target", "venv", cwd=project, env=NO_ENGINE)
    missing = machine.devbox("verify", "--json", cwd=project, env=NO_ENGINE)
    assert missing.code == 74, missing
    fixed = machine.must("verify", "--fix", "--json", cwd=project, env=NO_ENGINE)
    assert fixed.json["ok"] is True


def test_nothing_to_verify(machine: Machine):
    project = machine.project("empty")
    done = machine.devbox("verify", "--json", cwd=project)
    assert done.code == 40
    assert "containerize" in done.error["hint"]
