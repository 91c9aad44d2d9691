"""`verify` proves the lock, and proposes what capture cannot see."""

from __future__ import annotations

import re

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
    text = machine.devbox("verify", cwd=project)
    assert text.code == 74, text
    (pin,) = re.findall(r"cell 2 needs (openpyxl==\S+), which your kernel has", text.out)
    assert "verify --fix" in text.out

    fixed = machine.must("verify", "--fix", "--json", cwd=project)
    assert fixed.json["ok"] is True
    inputs = project / ".devcontainer" / "requirements.in"
    assert pin in inputs.read_text()
    # The pin is remembered: the next containerize does not drop it.
    again = machine.must("containerize", "n.ipynb", cwd=project)
    assert "Nothing was written or built" in again.out


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
    assert difference == "cell 1: 'host' became 'box'"
    (change,) = proof.json["notebooks"][0]["changes"]
    assert change == {"cell": 1, "output": 1, "kind": "stdout", "saved": "host", "now": "box"}


@pytest.mark.docker
def test_numbers_may_differ_as_far_as_told(small, engine: Engine):
    machine, project = small
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(1 / 3, 'of it')")])
    document.cells[0].outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="0.33333 of it\n")
    ]
    kept = (project / "n.ipynb").read_text()
    (project / "n.ipynb").write_text(nbformat.writes(document))
    try:
        assert machine.devbox("verify", cwd=project).code == 74
        machine.must("verify", "--tolerance", "1e-4", cwd=project)
    finally:
        (project / "n.ipynb").write_text(kept)


def test_venv_without_an_engine(machine: Machine):
    project = machine.project("engineless")
    write_notebook(project / "n.ipynb", LAZY)
    here = {"cwd": project, "env": NO_ENGINE}
    made = machine.must("containerize", "n.ipynb", "--target", "venv", "--json", **here)
    assert made.json["image"] is None
    (kernel,) = made.json["kernels"]
    assert kernel["target"] == "venv"
    again = machine.must("containerize", "n.ipynb", "--target", "venv", **here)
    assert "engineless · venv is up to date. Nothing was written or built." in again.out
    assert machine.must("status", "--json", **here).json["drift"] is False

    missing = machine.devbox("verify", "--json", **here)
    assert missing.code == 74, missing
    assert missing.json["target"] == "venv"
    (notebook,) = missing.json["notebooks"]
    assert notebook["proposed"]["cell"] == 1
    assert notebook["proposed"]["pin"].startswith("openpyxl==")
    fixed = machine.must("verify", "--fix", "--json", **here)
    assert fixed.json["ok"] is True
    ran = machine.must("run", "n.ipynb", "--json", **here).json
    assert ran["error"] is None


def test_nothing_to_verify(machine: Machine):
    project = machine.project("empty")
    done = machine.devbox("verify", "--json", cwd=project)
    assert done.code == 40
    assert "containerize" in done.error["hint"]
