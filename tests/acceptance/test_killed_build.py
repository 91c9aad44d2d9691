"""`kill -9` of a build's client: the next build ends what was left, and goes on from there."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

import pytest
from machine import Machine, wait_for, write_notebook

from jupyter_devbox.engine.base import Engine

SECONDS = 1400 + os.getpid() % 1000  # no other session sleeps as long

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


def running(wanted: str) -> list[int]:
    """Return the processes with this text in their command line, seen from the host."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if wanted in words:
            found.append(int(path.parent.name))
    return found


def test_killed(machine: Machine, engine: Engine):
    project = machine.project("killed")
    write_notebook(project / "n.ipynb", "1")
    machine.must("containerize", "n.ipynb", "--no-build", cwd=project)
    recipe = project / ".devcontainer" / "Dockerfile"
    written = recipe.read_text()
    recipe.write_text(f"{written}RUN sleep {SECONDS}\n")
    machine.must("trust", "--approve", cwd=project)
    process = machine.start("containerize", "n.ipynb", cwd=project)
    wait_for(lambda: running(f"sleep {SECONDS}"), 60)
    (folder,) = {
        path
        for path in Path(tempfile.gettempdir()).glob("devbox-scratch-build-*")
        if any(process.pid == _parent(pid) for pid in running(f"{path}/"))
    }
    process.send_signal(signal.SIGKILL)
    process.communicate()

    # Any build of ours ends what that one left running, and removes its folder.
    recipe.write_text(written)
    machine.must("trust", "--approve", cwd=project)
    machine.must("containerize", "n.ipynb", cwd=project)
    assert not folder.exists()
    wait_for(lambda: not running(f"{folder}/"))
    wait_for(lambda: not running(f"sleep {SECONDS}"))
    assert len(machine.ledger("image")) == 1
    machine.clean()


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
