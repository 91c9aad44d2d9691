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
from jupyter_devbox.spec.container import ExecSpec

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

SECONDS = 4000 + os.getpid() % 1000  # no other session sleeps as long
PYTHON = "# >>> jupyter-devbox python"
WAITS = "Another containerize is at work on busy"


class Call:
    """A command that runs, with what it has said so far on standard error."""

    def __init__(self, machine: Machine, project: Path, *words: str) -> None:
        self.process = machine.start(*words, "--json", cwd=project)
        self.said = ""
        self.closed = False
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
        self.close()
        assert self.process.returncode == 0, out + self.said
        assert TRACE not in out + self.said
        return out

    def close(self) -> None:
        """Have it end if it runs, and let go of its pipes."""
        self.closed = True
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(60)
        self._reader.join(60)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()


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
def call(machine: Machine):
    """Start commands, which are ended with the test at the latest."""
    made: list[Call] = []

    def start(project: Path, *words: str) -> Call:
        made.append(Call(machine, project, *words))
        return made[-1]

    yield start
    for each in made:
        if not each.closed:
            each.close()


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


def test_none_is_lost(machine: Machine, engine: Engine, held, call, docker_cli: str):
    """All wait, write nothing meanwhile, and begin from what the one before them has written."""
    project, kernel = held
    boxes = machine.must("status", "--json", cwd=project).json["boxes"]
    (box,) = [each["id"] for each in boxes if each["running"]]
    first = call(project, "add", "idna")
    wait_for(sleeping, 120)
    before = tree_digest(project)
    assert "idna" in inputs(project)
    others = [
        call(project, *words)
        for words in (
            ("sync",),
            ("add", "toolz"),
            ("remove", "cachetools"),
            ("apt", "install", "tree", "--yes"),
        )
    ]
    for each in others:
        waits(each)
    # What comes only now is not lost either, though `sync` was called before.
    pip = ("pip", "install", "-q", "--disable-pip-version-check", "sortedcontainers==2.4.0")
    done = engine.run(box, ExecSpec(command=pip))
    assert done.exit_code == 0, done
    # A new import, which those who plan from older facts would take out again.
    write_notebook(project / "n.ipynb", "import packaging")
    last = call(project, "containerize", "n.ipynb")
    waits(last)
    assert "cachetools" in inputs(project)
    assert [path for path, seen in tree_digest(project).items() if before.get(path) != seen] == [
        str(project / "n.ipynb")
    ]
    for each in (first, *others, last):
        each.end()

    found = inputs(project)
    for name in ("idna", "iniconfig==2.0.0", "sortedcontainers==2.4.0", "toolz", "packaging"):
        assert name in found, found
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
    assert {"idna", "iniconfig", "sortedcontainers", "toolz", "packaging"} <= {*names}
    assert "cachetools" not in names
    assert tree == "/usr/bin/tree"
    status = machine.must("status", "--json", cwd=project).json
    assert status["drift"] is False, status


def waits(call: Call) -> None:
    wait_for(lambda: WAITS in call.said or call.process.poll() is not None, 120)
    assert WAITS in call.said, call.said


def inputs(project: Path) -> str:
    return (project / ".devcontainer" / "requirements.in").read_text()
