"""Folders for a while: gone with their process, or swept; those of others stay."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from jupyter_devbox.engine.scratch import scratch, sweep_scratch

pytestmark = pytest.mark.skipif(os.name != "posix", reason="flock is Unix's")

USER = """
import subprocess, sys, time
from jupyter_devbox.engine.scratch import scratch
with scratch("login") as folder:
    (folder / "netrc").write_text("password hunter2")
    child = subprocess.Popen(["sh", "-c", "echo up; exec sleep 60", f"{folder}/x"],
                             start_new_session=True, stdout=subprocess.PIPE)
    child.stdout.readline()
    print(folder, child.pid, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_private_and_gone(place):
    with scratch("build") as folder:
        (folder / "x").write_text("y")
        assert folder.is_relative_to(place)
        assert folder.parent.stat().st_mode & 0o777 == 0o700
        assert sweep_scratch() == ()
    assert list(place.iterdir()) == []


def test_a_killed_process_is_swept_with_what_it_had_started(place):
    with subprocess.Popen([sys.executable, "-c", USER], stdout=subprocess.PIPE) as user:
        name, number = user.stdout.readline().decode().split()
        assert sweep_scratch() == ()
        user.kill()
    folder, child = Path(name).parent, int(number)
    # `exec sleep` has given up the path in its command line; a build has it there to its end.
    assert sweep_scratch() == (folder,)
    assert not folder.exists()
    os.kill(child, signal.SIGKILL)


def test_a_program_that_was_given_the_folder_is_ended(place):
    with subprocess.Popen([sys.executable, "-c", USER], stdout=subprocess.PIPE) as user:
        name, number = user.stdout.readline().decode().split()
        user.kill()
    os.kill(int(number), signal.SIGKILL)
    code = "import time; print(1, flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", code, f"--metadata-file={name}/m"], stdout=subprocess.PIPE
    ) as build:
        build.stdout.readline()
        sweep_scratch()
        assert build.wait(10) == -signal.SIGINT


@pytest.mark.parametrize("kind", ["open to others", "a link", "being made", "of another name"])
def test_what_is_not_surely_ours_stays(place, kind):
    folder = place / ("devbox-other-1" if kind == "of another name" else "devbox-scratch-build-1")
    inner = place / "inner" if kind == "a link" else folder
    inner.mkdir(mode=0o700)
    if kind != "being made":
        (inner / ".alive").touch()
    if kind == "a link":
        folder.symlink_to(inner)
    if kind == "open to others":
        folder.chmod(0o755)
    time.sleep(0.01)
    assert sweep_scratch() == ()
    assert inner.exists()
