"""A notebook changes: what drifts is said, and one more package rebuilds only the last layer."""

from __future__ import annotations

import json
import subprocess

import pytest
from machine import Machine, tree_digest, write_notebook

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


def layers(docker_cli: str, image: str) -> list[str]:
    words = [docker_cli, "image", "inspect", image]
    found = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return json.loads(found)[0]["RootFS"]["Layers"]


def test_one_more_package(machine: Machine, engine: Engine, docker_cli: str):
    project = machine.project("grows")
    folder = project / ".devcontainer"
    notebook = project / "n.ipynb"
    write_notebook(notebook, "import dateutil")
    first = machine.must("containerize", "n.ipynb", "--json", cwd=project).json
    stable = (folder / "requirements.stable.txt").read_bytes()
    assert machine.must("status", "--json", cwd=project).json["drift"] is False

    write_notebook(notebook, "import dateutil, openpyxl")
    status = machine.must("status", "--json", cwd=project).json
    assert status["drift"] is True
    assert status["notebooks"] == [
        {"path": "n.ipynb", "missing": ["openpyxl"], "unused": [], "changed": []}
    ]

    second = machine.must("containerize", "n.ipynb", "--json", cwd=project).json
    assert (folder / "requirements.stable.txt").read_bytes() == stable
    assert "openpyxl==" in (folder / "requirements.txt").read_text()
    old, new = layers(docker_cli, first["image"]), layers(docker_cli, second["image"])
    assert len(old) == len(new)
    same = [a == b for a, b in zip(old, new, strict=True)]
    # Behind the last group of packages only WORKDIR may follow, which is empty.
    assert same[:-2] == [True] * (len(old) - 2)
    assert not all(same)
    assert second["files"] == [
        path for path in second["files"] if "stable" not in path and "Dockerfile" not in path
    ]
    machine.must("run", "n.ipynb", "--json", cwd=project)

    # A pin leaves when no notebook needs it.
    write_notebook(notebook, "import dateutil")
    assert machine.must("status", "--json", cwd=project).json["notebooks"][0]["unused"] == [
        "openpyxl"
    ]
    machine.must("containerize", "n.ipynb", "--no-build", cwd=project)
    assert "openpyxl" not in (folder / "requirements.in").read_text()


def test_two_notebooks_share_one_environment(machine: Machine):
    project = machine.project("pair")
    inputs = project / ".devcontainer" / "requirements.in"
    write_notebook(project / "a.ipynb", "import dateutil, openpyxl")
    write_notebook(project / "b.ipynb", "import openpyxl")
    machine.must("containerize", "a.ipynb", "--no-build", cwd=project)
    machine.must("containerize", "b.ipynb", "--no-build", cwd=project)
    lines = {line.split("==")[0]: line for line in inputs.read_text().splitlines()}
    assert "a.ipynb" in lines["openpyxl"]
    assert "b.ipynb" in lines["openpyxl"]
    assert "b.ipynb" not in lines["python-dateutil"]
    # One of them is deleted: its pins leave with the next call.
    (project / "a.ipynb").unlink()
    machine.must("containerize", "b.ipynb", "--no-build", cwd=project)
    assert "python-dateutil" not in inputs.read_text()
    assert "openpyxl" in inputs.read_text()


def test_hand_edits_are_kept(machine: Machine):
    project = machine.project("edited")
    write_notebook(project / "n.ipynb", "1")
    machine.must("containerize", "n.ipynb", "--no-build", cwd=project)
    config = project / ".devcontainer" / "devcontainer.json"
    recipe = project / ".devcontainer" / "Dockerfile"
    text = config.read_text()
    config.write_text(
        text.replace('"init": true', '"init": true, // mine\n  "waitFor": "postCreateCommand"')
    )
    assert config.read_text() != text
    recipe.write_text(recipe.read_text() + "RUN true  # mine too\n")
    # Whose hand it was, nobody but the user knows.
    assert machine.devbox("containerize", "n.ipynb", "--no-build", cwd=project).code == 44
    machine.must("trust", "--approve", cwd=project)
    before = tree_digest(project)
    machine.must("containerize", "n.ipynb", "--no-build", cwd=project)
    assert tree_digest(project) == before
    # More packages change the files, and the edits are still there.
    write_notebook(project / "n.ipynb", "import openpyxl")
    machine.must("containerize", "n.ipynb", "--no-build", "--apt", "tree", cwd=project)
    assert "// mine" in config.read_text()
    assert '"waitFor": "postCreateCommand"' in config.read_text()
    assert "RUN true  # mine too" in recipe.read_text()


def test_a_conflict_is_shown_and_nothing_is_changed(machine: Machine):
    project = machine.project("conflict")
    write_notebook(project / "n.ipynb", "1")
    machine.must("containerize", "n.ipynb", "--apt", "tree", "--no-build", cwd=project)
    recipe = project / ".devcontainer" / "Dockerfile"
    recipe.write_text(recipe.read_text().replace("tree", "tree=1.0"))
    machine.must("trust", "--approve", cwd=project)
    before = tree_digest(project)
    done = machine.devbox(
        "containerize", "n.ipynb", "--apt", "jq", "--no-build", "--json", cwd=project
    )
    assert done.code == 41, done
    assert done.error["code"] == "conflict"
    assert any("tree=1.0" in line for line in done.error["details"])
    assert "--diff" in done.error["hint"]
    assert tree_digest(project) == before
    # Told to, it takes the plan and keeps the user's file beside it.
    machine.must("containerize", "n.ipynb", "--apt", "jq", "--no-build", "--yes", cwd=project)
    assert "tree=1.0" not in recipe.read_text()
    assert "tree=1.0" in (project / ".devcontainer" / "Dockerfile.yours").read_text()
    machine.must("trust", cwd=project)  # both the plan and the approved file beside it
