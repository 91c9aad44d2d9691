"""Ctrl-C during a build: exit code 130, nothing left running, and the next call goes on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from machine import TRACE, Machine, interrupt, tree_digest, wait_for, write_notebook

from jupyter_devbox.engine.base import Engine

SECONDS = 300 + os.getpid() % 1000  # no other session sleeps as long

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


@pytest.mark.parametrize(
    ("number", "json"),
    [(signal.SIGINT, False), (signal.SIGINT, True), (signal.SIGTERM, False)],
    ids=["Ctrl-C", "Ctrl-C with --json", "kill"],
)
def test_stopped(machine: Machine, engine: Engine, number: signal.Signals, json: bool):
    project = machine.project(f"stopped-{number}-{json}")
    write_notebook(project / "n.ipynb", "1")
    machine.must("containerize", "n.ipynb", "--no-build", cwd=project)
    recipe = project / ".devcontainer" / "Dockerfile"
    written = recipe.read_text()
    mark = f"devbox-test-{machine.root.name}-{project.name}"
    # A line of the user's own, outside of the marked blocks: kept, and it hangs.
    recipe.write_text(f"{written}RUN echo {mark} && sleep {SECONDS}\n")
    machine.must("trust", "--approve", cwd=project)

    flags = ["--json"] if json else []
    process = machine.start("containerize", "n.ipynb", *flags, cwd=project)
    logs = machine.ours / "logs"
    wait_for(lambda: any(mark in f.read_text() for f in logs.glob("*.log")), 60)
    wait_for(sleepers)
    done = interrupt(process, number)

    assert done.code == 130, done
    assert "Stopped at" in done.err
    assert "goes on from there" in done.err
    assert TRACE not in done.err
    if json:
        assert done.error["code"] == "cancelled"
    else:
        assert not done.out
    wait_for(lambda: not sleepers())
    assert not machine.ledger("image")

    recipe.write_text(written)
    machine.must("trust", "--approve", cwd=project)
    before = tree_digest(project)
    again = machine.must("containerize", "n.ipynb", cwd=project)
    assert "is ready" in again.out
    assert tree_digest(project) == before
    machine.clean()


def sleepers() -> list[Path]:
    """Return the processes of the build's own step, seen from the host."""
    wanted = f"sleep\0{SECONDS}\0".encode()
    return [path.parent for path in Path("/proc").glob("[0-9]*/cmdline") if _read(path) == wanted]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
