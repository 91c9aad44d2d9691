"""What is installed in the box by hand: shown as drift, and put into files and image."""

from __future__ import annotations

import json
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest
from box_cells import run_cells
from machine import Machine, assert_shape, tree_digest, write_notebook

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.spec.container import ExecSpec

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

SHAPE = {
    "project": str,
    "files": [str],
    "image": (str, None),
    "kernels": [{"name": str, "target": str}],
    "warnings": [{"code": str, "message": str, "cell": (int, None)}],
    "boxes": [
        {
            "id": str,
            "target": str,
            "added": [{"name": str, "version": str}],
            "removed": [str],
            "apt": [str],
            "left_out": [{"name": str, "version": str}],
            "kept": [str],
        }
    ],
    "restart": bool,
}


def layers(docker_cli: str, image: str) -> list[str]:
    words = [docker_cli, "image", "inspect", image]
    found = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return json.loads(found)[0]["RootFS"]["Layers"]


def with_layers_of_its_own(machine: Machine, project: Path) -> None:
    """Have nothing of a project's image cached from others, whose layers may be made anew.

    `verify --no-cache` leaves newer ones, on which the next build goes on.
    """
    machine.must("containerize", "n.ipynb", "--no-build", cwd=project)
    recipe = project / ".devcontainer" / "Dockerfile"
    head, end, rest = recipe.read_text().partition("# <<< jupyter-devbox system\n")
    assert end
    recipe.write_text(f"{head}{end}ENV OWN={uuid.uuid4()}\n{rest}")
    machine.must("trust", "--approve", cwd=project)


def status(machine: Machine, project: Path) -> dict[str, Any]:
    return machine.must("status", "--json", cwd=project).json


def lines_of(project: Path) -> str:
    return (project / ".devcontainer" / "requirements.in").read_text()


def test_added_upgraded_removed(machine: Machine, engine: Engine, docker_cli: str):
    project = machine.project("hand")
    notebook = write_notebook(project / "n.ipynb", "import dateutil")
    with_layers_of_its_own(machine, project)
    first = machine.must("containerize", "n.ipynb", "--json", cwd=project).json
    kernel = first["kernels"][0]["name"]
    stable = (project / ".devcontainer" / "requirements.stable.txt").read_bytes()

    said = run_cells(
        machine,
        kernel,
        notebook,
        "%pip install -q --disable-pip-version-check iniconfig==2.0.0",
        "import iniconfig; print(iniconfig.__name__)",
    )
    assert said[1] == "iniconfig\n", said
    (box,) = status(machine, project)["boxes"]
    assert box["added"] == [{"name": "iniconfig", "version": "2.0.0"}]
    assert status(machine, project)["drift"] is True
    checked = machine.devbox("status", "--check", cwd=project)
    assert checked.code == 87, checked
    assert "iniconfig 2.0.0 was installed in it by hand" in checked.out
    assert "Next: jupyter devbox sync" in checked.out

    before = tree_digest(project)
    shown = machine.must("sync", "--diff", cwd=project).out
    assert "+iniconfig==2.0.0" in shown
    shown = machine.must("sync", "--dry-run", cwd=project).out
    assert "would change .devcontainer/requirements.in" in shown
    assert tree_digest(project) == before

    done = machine.must("sync", "--json", cwd=project).json
    assert_shape(done, SHAPE)
    assert done["restart"] is True
    assert done["boxes"][0]["added"] == [{"name": "iniconfig", "version": "2.0.0"}]
    assert "iniconfig==2.0.0" in lines_of(project)
    assert (project / ".devcontainer" / "requirements.stable.txt").read_bytes() == stable
    old, new = layers(docker_cli, first["image"]), layers(docker_cli, done["image"])
    assert new[:-2] == old[:-2]  # behind the last group of packages only WORKDIR follows
    assert new != old
    after = status(machine, project)
    assert [each["id"] for each in after["boxes"] if each["running"]] == [box["id"]]
    assert after["boxes"][0]["added"] == []
    assert machine.devbox("status", "--check", cwd=project).code == 0
    again = machine.must("sync", "--json", cwd=project).json
    assert (again["files"], again["image"]) == ([], done["image"])
    text = machine.must("sync", cwd=project).out
    assert "up to date" in text
    assert "restart the kernel" in text

    # The old box goes on, and what is installed there now counts too.
    run_in(engine, box["id"], "pip", "install", "-q", "-U", "iniconfig==2.1.0")
    assert status(machine, project)["boxes"][0]["added"] == [
        {"name": "iniconfig", "version": "2.1.0"}
    ]
    machine.must("sync", "--json", cwd=project)
    assert "iniconfig==2.1.0" in lines_of(project)
    said = run_cells(
        machine,
        kernel,
        notebook,
        "import importlib.metadata as m; print(m.version('iniconfig'))",
        "%pip uninstall -q -y iniconfig",
    )
    assert said[0] == "2.1.0\n"
    # An older box, where one still runs, has it and does not count.
    found = [each["removed"] for each in status(machine, project)["boxes"] if each["running"]]
    assert ["iniconfig"] in found
    machine.must("sync", "--no-build", cwd=project)
    assert "iniconfig" not in lines_of(project)


def run_in(engine: Engine, box: str, *command: str) -> str:
    done = engine.run(box, ExecSpec(command=command))
    assert done.exit_code == 0, done
    return done.stdout


def test_a_notebook_s_own_package_is_pinned_as_the_box_has_it(machine: Machine, engine: Engine):
    project = machine.project("own")
    notebook = write_notebook(project / "n.ipynb", "print(6 * 7)")
    made = machine.must("containerize", "n.ipynb", "--json", cwd=project).json
    line = "%pip install -q --disable-pip-version-check iniconfig==2.0.0"
    run_cells(machine, made["kernels"][0]["name"], notebook, line)
    write_notebook(notebook, "import iniconfig")
    machine.must("sync", cwd=project)
    (line,) = [each for each in lines_of(project).splitlines() if each.startswith("iniconfig")]
    assert line.startswith("iniconfig==2.0.0")
    assert '["n.ipynb"]' in line
    assert "--include" not in line
    machine.must("run", "n.ipynb", cwd=project)


def test_a_package_that_is_half_there_is_none(machine: Machine, engine: Engine):
    """An installer that met a full disk leaves a package without its RECORD."""
    project = machine.project("half")
    notebook = write_notebook(project / "n.ipynb", "print(6 * 7)")
    made = machine.must("containerize", "n.ipynb", "--json", cwd=project).json
    line = "%pip install -q --disable-pip-version-check iniconfig==2.0.0"
    run_cells(
        machine,
        made["kernels"][0]["name"],
        notebook,
        line,
        "import iniconfig, pathlib; site = pathlib.Path(iniconfig.__file__).parents[1]",
        "(site / 'iniconfig-2.0.0.dist-info' / 'RECORD').unlink()",
    )
    (box,) = status(machine, project)["boxes"]
    assert (box["added"], box["removed"]) == ([], [])
    machine.must("sync", "--no-build", cwd=project)
    assert "iniconfig" not in lines_of(project)
    run_in(engine, box["id"], "pip", "install", "-q", "--ignore-installed", "iniconfig==2.0.0")
    (box,) = status(machine, project)["boxes"]
    assert box["added"] == [{"name": "iniconfig", "version": "2.0.0"}]


def test_what_does_not_go_with_the_lock_names_both_versions(machine: Machine, engine: Engine):
    project = machine.project("clash")
    notebook = write_notebook(project / "n.ipynb", "print(6 * 7)")
    words = ("containerize", "n.ipynb", "--include", "requests==2.32.3", "--json")
    made = machine.must(*words, cwd=project).json
    line = "%pip install -q --disable-pip-version-check idna==2.0"
    run_cells(machine, made["kernels"][0]["name"], notebook, line)
    before = tree_digest(project)
    done = machine.devbox("sync", "--json", cwd=project)
    assert done.code == 33, done
    assert done.error["code"] == "package_conflict"
    locked = json.dumps(done.error)
    assert "idna 2.0 is in the box" in locked
    assert "idna: 2.0 in the box, 3." in locked
    assert tree_digest(project) == before


def test_check_without_an_engine(machine: Machine):
    project = machine.project("ci")
    notebook = write_notebook(project / "n.ipynb", "import dateutil", "import nobody_knows_this")
    nowhere = {"DOCKER_HOST": "unix:///nowhere.sock"}
    machine.must("containerize", "n.ipynb", "--no-build", cwd=project, env=nowhere)
    assert machine.devbox("status", "--check", cwd=project, env=nowhere).code == 0
    write_notebook(notebook, "import dateutil, openpyxl")
    done = machine.devbox("status", "--check", "--json", cwd=project, env=nowhere)
    assert done.code == 87, done
    assert done.json["notebooks"][0]["missing"] == ["openpyxl"]


def test_without_a_running_box(machine: Machine, engine: Engine):
    project = machine.project("asleep")
    write_notebook(project / "n.ipynb", "1")
    machine.must("containerize", "n.ipynb", "--no-build", cwd=project)
    done = machine.devbox("sync", "--json", cwd=project)
    assert done.code == 70, done
    assert "No box of this project runs" in done.error["message"]
    assert machine.devbox("sync", "too", "many", cwd=project).code == 2


def test_history_offers_lines_and_changes_nothing(machine: Machine, engine: Engine):
    project = machine.project("done")
    notebook = write_notebook(project / "n.ipynb", "print(6 * 7)")
    made = machine.must("containerize", "n.ipynb", "--json", cwd=project).json
    machine.devbox("history", cwd=project)  # no box runs yet
    assert machine.devbox("history", "--json", cwd=project).code == 70
    run_cells(
        machine,
        made["kernels"][0]["name"],
        notebook,
        "%pip install -q --disable-pip-version-check iniconfig==2.0.0",
        "!git clone https://me:hunter2@example.invalid/x.git || true",
        "!curl -s -H 'Authorization: Bearer hunter2' http://127.0.0.1:9/ || true",
        "!curl -s http://127.0.0.1:9/data.csv || true",
    )
    before = tree_digest(project)
    done = machine.must("history", "--json", cwd=project)
    (box,) = done.json["boxes"]
    assert box["added"] == [{"name": "iniconfig", "version": "2.0.0"}]
    assert ["git", "clone", "https://example.invalid/x.git"] in box["commands"]
    assert box["secret"] == 1
    text = machine.must("history", cwd=project).out
    assert "pip install --no-cache-dir iniconfig==2.0.0" in text
    assert "curl -s http://127.0.0.1:9/data.csv" in text
    assert "1 command left out" in text
    assert "hunter2" not in done.out + text
    assert tree_digest(project) == before
