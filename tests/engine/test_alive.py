"""A lock says who lives: also of a process that is killed, stopped, or forks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from jupyter_devbox.engine.alive import Hold, is_abandoned

pytestmark = pytest.mark.skipif(os.name != "posix", reason="flock is Unix's")

HOLDER = """
import sys, time
from pathlib import Path
from jupyter_devbox.engine.alive import Hold
hold = Hold(Path(sys.argv[1]))
print("up", flush=True)
time.sleep(60)
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds a file."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "f")], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"up\n"
        yield process
        process.kill()


def test_held_until_released(tmp_path):
    path = tmp_path / "f"
    assert not is_abandoned(path)
    hold = Hold(path, b"1")
    assert not is_abandoned(path)
    assert path.read_bytes() == b"1"
    assert path.stat().st_mode & 0o777 == 0o600
    hold.write(b"2")
    assert path.read_bytes() == b"2"
    hold.release()
    hold.release()
    hold.write(b"3")
    assert not path.exists()


def test_a_killed_process_leaves_it(tmp_path, other):
    assert not is_abandoned(tmp_path / "f")
    other.kill()
    other.wait()
    assert is_abandoned(tmp_path / "f")


def test_a_stopped_process_keeps_it(tmp_path, other):
    other.send_signal(signal.SIGSTOP)
    time.sleep(0.1)
    assert not is_abandoned(tmp_path / "f")


def test_a_file_that_nobody_ever_held(tmp_path):
    (tmp_path / "f").touch()
    assert is_abandoned(tmp_path / "f")


def test_a_link_is_nobodys(tmp_path):
    (tmp_path / "real").touch()
    (tmp_path / "f").symlink_to(tmp_path / "real")
    assert not is_abandoned(tmp_path / "f")


def test_a_forked_child_does_not_speak_for_its_parent(tmp_path):
    """A server that is killed must not seem alive because a program of its forks goes on."""
    code = (
        "import os, sys, time\nfrom pathlib import Path\n"
        "from jupyter_devbox.engine.alive import Hold\n"
        "hold = Hold(Path(sys.argv[1]))\n"
        "if os.fork() == 0:\n print(os.getpid(), flush=True); time.sleep(60); os._exit(0)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "f")], stdout=subprocess.PIPE
    ) as parent:
        child = int(parent.stdout.readline())
        assert not is_abandoned(tmp_path / "f")
        parent.kill()
    try:
        assert is_abandoned(tmp_path / "f")
    finally:
        os.kill(child, signal.SIGKILL)
