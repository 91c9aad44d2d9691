"""`prune` finds everything that we made, and `--all --yes` leaves nothing of it."""

from __future__ import annotations

import shutil

import pytest
from machine import Machine, write_notebook

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


def kinds(done) -> list[str]:
    return sorted(thing["kind"] for thing in done.json["removed"])


def test_everything_is_found_and_removed(machine: Machine, engine: Engine):
    project = machine.project("made")
    write_notebook(project / "n.ipynb", "6 * 7")
    machine.must("containerize", "n.ipynb", "--target", "cpu,venv", cwd=project)
    machine.must("run", "n.ipynb", cwd=project)
    made = ["approval", "box", "image", "kernelspec", "kernelspec", "log", "venv"]

    # What is in use stays, unless all is asked for; and showing removes nothing.
    assert kinds(machine.must("prune", "--json", cwd=project)) == []
    shown = machine.must("prune", "--all", "--json", cwd=project)
    assert kinds(shown) == made
    assert shown.json["dry_run"] is True
    assert (
        shown.json["removed"]
        == machine.must("prune", "--all", "--json", cwd=project).json["removed"]
    )
    (box,) = machine.ledger("box")
    (image,) = machine.ledger("image")
    assert engine.container(box).status == "running"

    done = machine.must("prune", "--all", "--yes", "--json", cwd=project)
    assert kinds(done) == made
    assert all(thing["bytes"] > 0 for thing in done.json["removed"] if thing["kind"] == "image")
    assert engine.container(box) is None
    assert engine.image(image) is None
    assert kinds(machine.must("prune", "--all", "--json", cwd=project)) == []
    assert [p.name for p in (machine.data / "kernels").iterdir()] == ["python3"]
    assert not list((machine.ours / "venvs").glob("*"))
    assert not list((machine.ours / "logs").glob("*"))
    # The user's own files are the user's: also the ones that we wrote.
    assert (project / ".devcontainer" / "Dockerfile").is_file()
    assert (project / "n.ipynb").is_file()


def test_what_nothing_uses_goes_without_all(machine: Machine, engine: Engine):
    project = machine.project("gone")
    write_notebook(project / "n.ipynb", "6 * 7")
    machine.must("containerize", "n.ipynb", cwd=project)
    (image,) = machine.ledger("image")
    shutil.rmtree(project)
    done = machine.must("prune", "--yes", "--json", cwd=machine.root)
    assert "kernelspec" in kinds(done)
    # With its kernelspec the image lost its last user.
    machine.must("prune", "--yes", cwd=machine.root)
    assert engine.image(image) is None


def test_an_older_image_is_offered(machine: Machine, engine: Engine):
    project = machine.project("older")
    write_notebook(project / "n.ipynb", "6 * 7")
    machine.must("containerize", "n.ipynb", cwd=project)
    (old,) = machine.ledger("image")
    machine.must("containerize", "n.ipynb", "--include", "six", cwd=project)
    done = machine.must("prune", "--json", cwd=project)
    assert [(t["kind"], t["id"]) for t in done.json["removed"]] == [("image", old)]
    machine.must("prune", "--yes", cwd=project)
    assert engine.image(old) is None
    ran = machine.must("run", "n.ipynb", "--json", cwd=project)
    assert ran.json["error"] is None
    machine.clean()


def test_without_an_engine(machine: Machine):
    done = machine.must(
        "prune", "--json", cwd=machine.root, env={"DOCKER_HOST": "unix:///nonexistent.sock"}
    )
    assert done.json["dry_run"] is True
