"""Ctrl-C during a build: exit code 130, nothing left running, and the next call goes on."""

from __future__ import annotations

import subprocess

import pytest
from machine import TRACE, Machine, interrupt, tree_digest, wait_for, write_notebook

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


@pytest.mark.parametrize("json", [False, True])
def test_ctrl_c(machine: Machine, engine: Engine, docker_cli: str, json: bool):
    project = machine.project(f"stopped-{json}")
    write_notebook(project / "n.ipynb", "1")
    machine.must("containerize", "n.ipynb", "--no-build", cwd=project)
    recipe = project / ".devcontainer" / "Dockerfile"
    written = recipe.read_text()
    mark = f"devbox-test-{machine.root.name}-{json}"
    # A line of the user's own, outside of the marked blocks: kept, and it hangs.
    recipe.write_text(f"{written}RUN echo {mark} && sleep 271\n")

    flags = ["--json"] if json else []
    process = machine.start("containerize", "n.ipynb", *flags, cwd=project)
    logs = machine.ours / "logs"
    wait_for(lambda: any(mark in f.read_text() for f in logs.glob("*.log")), 60)
    wait_for(lambda: sleepers(271))
    done = interrupt(process)

    assert done.code == 130, done
    assert "Stopped at" in done.err
    assert "goes on from there" in done.err
    assert TRACE not in done.err
    if json:
        assert done.error["code"] == "cancelled"
    else:
        assert not done.out
    wait_for(lambda: not sleepers(271))
    assert not machine.ledger("image")

    recipe.write_text(written)
    before = tree_digest(project)
    again = machine.must("containerize", "n.ipynb", cwd=project)
    assert "is ready" in again.out
    assert tree_digest(project) == before
    machine.clean()


def sleepers(seconds: int) -> str:
    """Return the processes of the build's own step, seen from the host."""
    words = ["pgrep", "--full", "--exact", f"sleep {seconds}"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout
