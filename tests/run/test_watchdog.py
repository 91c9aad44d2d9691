"""The launcher's own ticks: it ends kernels whose host is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jupyter_devbox.engine.alive import Hold
from jupyter_devbox.run import heartbeat, launcher
from jupyter_devbox.run.heartbeat import Heartbeat, dead_kernels
from jupyter_devbox.run.runtime_dir import RuntimeDir

LAUNCHER = Path(launcher.__file__)
SECONDS = 10
TICK = 0.05
TICKS = 4

# The same program with quicker ticks; what it does with them is what is tested.
QUICK = f"""
import importlib.util, sys
spec = importlib.util.spec_from_file_location("launcher", {str(LAUNCHER)!r})
launcher = importlib.util.module_from_spec(spec)
spec.loader.exec_module(launcher)
launcher.BEAT_TICK, launcher.BEAT_TICKS = {TICK}, {TICKS}
sys.exit(launcher.main(sys.argv[1:]))
"""


def quick(*arguments: str, **options):
    return subprocess.Popen(
        [sys.executable, "-S", "-c", QUICK, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.fixture
def kernel(tmp_path):
    """A launcher with a kernel that sleeps, and its heartbeat's file."""
    (tmp_path / "k.json").write_text("{}")
    started = []

    def start():
        files = [str(tmp_path / "log"), str(tmp_path), str(tmp_path / "k.json")]
        sleep = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
        process = quick("kernel", "-", *files, *sleep)
        started.append(process)
        assert process.stdout.readline().startswith("pid ")
        return process

    yield start
    for process in started:
        process.stdin.close()
        process.wait(SECONDS)
        process.stdout.close()


def still_runs(process, ticks=3 * TICKS):
    try:
        process.wait(ticks * TICK)
    except subprocess.TimeoutExpired:
        return True
    return False


def test_a_host_that_fell_silent(tmp_path, kernel):
    (tmp_path / "k.beat").write_text("1")
    process = kernel()
    assert process.stdout.readline() == "silent\n"
    assert process.stdout.readline() == "exit -9 0\n"


def test_a_host_that_beats(tmp_path, kernel):
    beat = tmp_path / "k.beat"
    beat.write_text("0000")
    process = kernel()
    for number in range(3 * TICKS):
        with beat.open("r+") as file:
            file.write(f"{number:04d}")
        assert still_runs(process, ticks=1)


def test_a_host_that_is_stopped_but_lives(tmp_path, kernel):
    """Ctrl-Z, a debugger, a machine that swaps: no beat comes, and the lock is still there."""
    hold = Hold(tmp_path / "k.beat", b"1")
    process = kernel()
    assert still_runs(process)
    hold.release()
    assert process.stdout.readline() == "silent\n"


def test_a_host_without_heartbeat(kernel):
    assert still_runs(kernel())


def test_ticks_not_a_clock(tmp_path, kernel):
    """A launcher that is frozen, as by a suspended machine, has not missed a beat on waking up."""
    beat = tmp_path / "k.beat"
    beat.write_text("1")
    process = kernel()
    process.send_signal(signal.SIGSTOP)
    time.sleep(3 * TICKS * TICK)
    process.send_signal(signal.SIGCONT)
    beat.write_text("2")
    assert still_runs(process, ticks=TICKS - 2)


def test_how_a_kernel_ended_is_written_down(tmp_path, kernel):
    process = kernel()
    process.stdin.write(chr(signal.SIGTERM))
    process.stdin.flush()
    assert process.stdout.readline() == "exit -15 0\n"
    assert (tmp_path / "log.end").read_text() == "exit -15 0"


# --- the host's side ----------------------------------------------------------


@pytest.fixture
def runtime(tmp_path):
    for name in ("s", "k"):
        (tmp_path / name).mkdir()
    return RuntimeDir(tmp_path, os.getuid(), os.getgid())


def test_the_heart_beats_for_each_kernel(runtime, monkeypatch):
    monkeypatch.setattr(heartbeat, "_SECONDS", 0.02)
    heart = Heartbeat()
    files = [runtime.shared / name for name in ("a.beat", "b.beat")]
    for name in "ab":
        heart.join(runtime, name)
    before = [file.read_bytes() for file in files]
    deadline = time.monotonic() + SECONDS
    while any(file.read_bytes() == old for file, old in zip(files, before, strict=True)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert {len(file.read_bytes()) for file in files} == {len(before[0])}
    for name in "ab":
        heart.leave(runtime, name)
    assert not any(file.exists() for file in files)


def test_its_thread_ends_with_the_last_kernel_and_comes_again(runtime, monkeypatch):
    import threading

    def threads():
        return [t for t in threading.enumerate() if t.name == "devbox-heartbeat"]

    monkeypatch.setattr(heartbeat, "_SECONDS", 0.02)
    heart = Heartbeat()
    for _ in range(2):
        heart.join(runtime, "a")
        (thread,) = threads()
        heart.leave(runtime, "a")
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_dead_kernels_are_those_without_a_process(runtime):
    heart = Heartbeat()
    heart.join(runtime, "lives")
    (runtime.shared / "died.beat").write_text("1")
    assert dead_kernels(runtime) == ("died",)
    heart.leave(runtime, "lives")


# --- attached -----------------------------------------------------------------


@pytest.fixture
def attached(tmp_path, kernel):
    process = kernel()
    pid = next(
        int(child)
        for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    )
    second = quick("attach", str(pid), launcher.started(pid), str(tmp_path / "log"))
    assert second.stdout.readline() == f"pid {pid} {launcher.started(pid)}\n"
    yield process, pid, second
    second.stdin.close()
    second.wait(SECONDS)
    second.stdout.close()


def test_attached_sees_the_end_and_its_code(attached):
    first, _, second = attached
    first.stdin.write(chr(signal.SIGTERM))
    first.stdin.flush()
    assert second.stdout.readline() == "exit -15 0\n"
    assert second.wait(SECONDS) == 0


def test_attached_passes_signals_on(attached):
    first, _, second = attached
    second.stdin.write(chr(signal.SIGUSR1))
    second.stdin.flush()
    assert first.stdout.readline() == "exit -10 0\n"
    assert second.stdout.readline() == "exit -10 0\n"


def test_the_end_of_an_attached_host_ends_nothing(attached):
    first, pid, second = attached
    second.stdin.close()
    assert second.wait(SECONDS) == 0
    assert still_runs(first)
    assert launcher.started(pid)


def test_attached_to_another_process_of_that_number(tmp_path):
    """Numbers come round again: the start time must agree, or nobody is signalled."""
    with subprocess.Popen(["sleep", "60"]) as stranger:
        second = quick("attach", str(stranger.pid), "1", str(tmp_path / "log"))
        second.stdin.write(chr(signal.SIGKILL))
        second.stdin.flush()
        assert second.stdout.readlines()[-1] == "exit -9 0\n"
        assert stranger.poll() is None
        stranger.kill()
    second.stdin.close()
    second.stdout.close()
    second.wait(SECONDS)
