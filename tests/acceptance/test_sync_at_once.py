"""Packages are added, removed and synced while another build of the project runs: none is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from box_cells import run_cells
from machine import TRACE, Machine, tree_digest, wait_for, write_notebook

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

SECONDS = 4000 + os.getpid() % 1000  # no other session sleeps as long
PYTHON = "# >>> jupyter-devbox python"
WAITS = "Another containerize is at work on busy"


class Call:
    """A command that runs, with what it has said so far on standard error."""

    def __init__(self, machine: Machine, project: Path, *words: str) -> None:
        self.process = machine.start(*words, "--json", cwd=project)
        self.said = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line

    def end(self) -> str:
        # What changes below the user's line has it run again.
        wait_for(lambda: release() or self.process.poll() is not None, 300)
        assert self.process.stdout is not None
        out = self.process.stdout.read()
        self._reader.join(300)
        assert self.process.wait(300) == 0, out + self.said
        assert TRACE not in out + self.said
        return out


def sleeping() -> list[int]:
    """Return the process that holds the first build up."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == f"sleep\0{SECONDS}\0".encode():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


@pytest.fixture
def held(machine: Machine, engine: Engine):
    """A project whose box has a package by hand, and whose next build waits for `release`."""
    project = machine.project("busy")
    notebook = write_notebook(project / "n.ipynb", "print(6 * 7)")
    words = ("containerize", "n.ipynb", "--include", "cachetools", "--json")
    made = machine.must(*words, cwd=project).json
    pip = "%pip install -q --disable-pip-version-check iniconfig==2.0.0"
    run_cells(machine, made["kernels"][0]["name"], notebook, pip)
    recipe = project / ".devcontainer" / "Dockerfile"
    own = f"RUN sleep {SECONDS} || true # {time.time_ns()}"
    recipe.write_text(recipe.read_text().replace(PYTHON, f"{own}\n\n{PYTHON}", 1))
    machine.must("trust", "--approve", cwd=project)
    yield project, made["kernels"][0]["name"]
    release()


def release() -> None:
    for pid in sleeping():
        os.kill(pid, signal.SIGKILL)


def test_none_is_lost(machine: Machine, engine: Engine, held, docker_cli: str):
    """All wait, write nothing meanwhile, and begin from what the one before them has written."""
    project, kernel = held
    first = Call(machine, project, "add", "idna")
    wait_for(sleeping, 120)
    before = tree_digest(project)
    assert "idna" in inputs(project)
    others = [
        Call(machine, project, *words)
        for words in (
            ("sync",),
            ("add", "toolz"),
            ("remove", "cachetools"),
            ("apt", "install", "tree", "--yes"),
        )
    ]
    for call in others:
        wait_for(lambda call=call: WAITS in call.said or call.process.poll() is not None, 120)
        assert WAITS in call.said, call.said
    # A new import, which those who plan from older facts would take out again.
    write_notebook(project / "n.ipynb", "import packaging")
    last = Call(machine, project, "containerize", "n.ipynb")
    wait_for(lambda: WAITS in last.said or last.process.poll() is not None, 120)
    assert "cachetools" in inputs(project)
    assert [path for path, seen in tree_digest(project).items() if before.get(path) != seen] == [
        str(project / "n.ipynb")
    ]
    for call in (first, *others, last):
        call.end()

    found = inputs(project)
    for name in ("idna", "iniconfig==2.0.0", "toolz", "packaging"):
        assert name in found
    assert "cachetools" not in found
    assert "tree" in (project / ".devcontainer" / "Dockerfile").read_text()
    kernels = machine.must("kernel", "list", "--json", cwd=project).json["kernels"]
    (image,) = [each["image"] for each in kernels if each["name"] == kernel]
    program = (
        "import importlib.metadata as m, json, shutil;"
        "names = {d.metadata['Name'].lower() for d in m.distributions()};"
        "print(json.dumps([sorted(names), shutil.which('tree')]))"
    )
    words = [docker_cli, "run", "--rm", "--network", "none", image, "python", "-c", program]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120)
    names, tree = json.loads(done.stdout)
    assert {"idna", "iniconfig", "toolz", "packaging"} <= {*names}
    assert "cachetools" not in names
    assert tree == "/usr/bin/tree"
    status = machine.must("status", "--json", cwd=project).json
    assert status["drift"] is False, status


def inputs(project: Path) -> str:
    return (project / ".devcontainer" / "requirements.in").read_text()
