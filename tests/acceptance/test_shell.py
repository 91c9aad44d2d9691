"""`jupyter devbox shell`: the user's terminal in the box, driven as a user does."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from machine import Machine, write_notebook

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.spec.box import LABEL_KIND, LABEL_PROJECT
from jupyter_devbox.spec.container import ExecSpec

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

SECONDS = 90
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07")


class Terminal:
    """A shell at the other end of a terminal."""

    def __init__(self, process: subprocess.Popen[bytes], end: int) -> None:
        self.process, self._end = process, end

    def enter(self, line: str) -> None:
        os.write(self._end, line.encode() + b"\r")

    def leave(self) -> int:
        """Type Ctrl-D until the shell ends, for one between two of its lines is lost."""
        deadline = time.monotonic() + SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline
            os.write(self._end, b"\x04")
            time.sleep(0.5)
        return self.process.returncode

    def until(self, word: str) -> str:
        """Read until the word is there, and return all of it without what steers a terminal."""
        said, deadline = "", time.monotonic() + SECONDS
        while not re.search(word, said):
            assert time.monotonic() < deadline, said
            if select.select([self._end], [], [], 0.2)[0]:
                try:
                    said += os.read(self._end, 4096).decode(errors="replace")
                except OSError:
                    break
            said = _ESCAPES.sub("", said)
        return said

    def ask(self, command: str) -> str:
        """Return what a command prints."""
        self.enter(f"echo begin-$((1+1)); {command}; echo end-$((1+2))")
        said = self.until("end-3")
        return said.partition("begin-2")[2].rpartition("end-3")[0].strip()


@contextmanager
def shell(machine: Machine, *words: str, cwd: Path) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    machine.adopt()
    process = subprocess.Popen(
        [*machine.prefix, machine.python, "-m", "jupyter_devbox", "shell", *words],
        cwd=cwd,
        env={**machine.environment(), "TERM": "vt100"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGHUP)
            process.wait(SECONDS)
        os.close(ours)


@pytest.fixture(scope="module")
def project(machine: Machine) -> Path:
    folder = machine.project("shelled")
    (folder / "below").mkdir()
    write_notebook(folder / "n.ipynb", "import openpyxl")
    machine.must("containerize", "n.ipynb", cwd=folder)
    return folder


def boxes(engine: Engine, project: Path) -> list[str]:
    found = engine.containers({LABEL_KIND: "box", LABEL_PROJECT: str(project)})
    return [box.id for box in found if box.status == "running"]


def processes(engine: Engine, box: str) -> str:
    script = "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2>/dev/null; echo; done"
    return engine.run(box, ExecSpec(command=("sh", "-c", script))).stdout


def test_a_box_is_started_and_the_shell_is_its_user_s(machine: Machine, engine: Engine, project):
    assert boxes(engine, project) == []
    with shell(machine, cwd=project / "below") as terminal:
        terminal.until(r"In the box devbox-shelled")
        assert terminal.ask("pwd") == "/workspaces/shelled/below"
        assert terminal.ask("id -u") == str(os.getuid())
        assert terminal.ask("command -v python") == "/opt/venv/bin/python"
        assert "3." in terminal.ask("python -c 'import openpyxl; print(openpyxl.__version__)'")
        assert terminal.ask("echo $TERM $JUPYTER_DEVBOX_BOX") == "vt100 1"
        assert terminal.ask("touch made-here && ls") == "made-here"
        terminal.enter("exit 7")
        assert terminal.process.wait(SECONDS) == 7
    assert (project / "below" / "made-here").stat().st_uid == os.getuid()
    assert len(boxes(engine, project)) == 1


def test_ctrl_c_is_the_program_s_and_ctrl_d_ends_the_shell(machine: Machine, project):
    with shell(machine, "n.ipynb", "--target", "cpu", cwd=project) as terminal:
        terminal.until("In the box")
        terminal.ask("true")
        terminal.enter("sleep 1000; echo interrupted $?")
        time.sleep(1)
        os.write(terminal._end, b"\x03")
        assert terminal.ask("echo still-here") == "still-here"
        assert terminal.leave() in {0, 130}


def test_a_closed_terminal_leaves_no_shell_behind(machine: Machine, engine: Engine, project):
    with shell(machine, cwd=project) as terminal:
        terminal.until("In the box")
        terminal.ask("true")
        (box,) = boxes(engine, project)
        assert "bash" in processes(engine, box)
        os.killpg(terminal.process.pid, signal.SIGHUP)
        terminal.process.wait(SECONDS)
        deadline = time.monotonic() + SECONDS
        while "bash" in processes(engine, box):
            assert time.monotonic() < deadline, processes(engine, box)
            time.sleep(0.2)


def test_without_a_kernel_there_is_no_box_to_open(machine: Machine, tmp_path):
    project = machine.project("unmade")
    write_notebook(project / "n.ipynb", "1")
    with shell(machine, cwd=project) as terminal:
        said = terminal.until("Next: ")
        assert "has no kernel yet" in said
        assert terminal.process.wait(SECONDS) == 70
