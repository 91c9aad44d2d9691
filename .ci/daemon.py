"""Start and stop a ``dockerd`` of our own, and never one that somebody else started."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import nested
from steps import CiError, is_root, tail

if sys.platform != "win32":  # nothing below is called there
    import fcntl

STATE = Path("/run/jupyter-devbox-ci")
RECORD = STATE / "dockerd.json"
LOG = Path("/var/log/jupyter-devbox-dockerd.log")


def start(
    answers: Callable[[], bool], *, keep: bool, options: Sequence[str] = (), log: Path = LOG
) -> None:
    """Start ``dockerd`` in a session of its own and return once it answers.

    Parameters
    ----------
    answers
        Tells whether a client reaches the daemon.
    keep
        Leave it running when the last user of :func:`in_use` has gone.
    options
        More words for its command line.
    log
        Where its output goes; what is there stays.

    Raises
    ------
    CiError
        If the daemon ends or does not answer within a minute: with its log's last lines.
    """
    STATE.mkdir(parents=True, exist_ok=True)
    _forget_dead_pid(Path("/run/docker/containerd/containerd.pid"))
    env = nested.prepare(STATE / "bin")
    mark = log.stat().st_size if log.exists() else 0
    program = shutil.which("dockerd") or "/usr/sbin/dockerd"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [program, "--pidfile", STATE / "dockerd.pid", *options],
            env=env,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    _write(process.pid, keep=keep)
    until = time.monotonic() + 60
    while not answers():
        if process.poll() is not None:
            message = f"dockerd ended with exit code {process.returncode}:\n{tail(log, mark)}"
            raise CiError(message, f"the whole log: {log}")
        if time.monotonic() > until:
            message = f"dockerd does not answer after 60 s:\n{tail(log, mark)}"
            raise CiError(message, "python3 .ci/engine.py down")
        time.sleep(0.1)


def keep_running() -> None:
    """Take our daemon off the list of those that the last user stops."""
    pid = ours()
    if pid:
        _write(pid, keep=True)


def ours() -> int | None:
    """Return the pid of the daemon that we started, if that very process still runs."""
    try:
        record = json.loads(RECORD.read_text(encoding="utf-8"))
        pid = int(record["pid"])
    except (OSError, ValueError, KeyError):
        return None
    # Pids come round again: name and start time must be those of the process that we started.
    return pid if _identity(pid) == record.get("identity") else None


def stop() -> bool:
    """End our daemon as a service manager would, wait for it; return whether there was one.

    Raises
    ------
    CiError
        If it still runs a minute after being asked.
    """
    pid = ours()
    if pid is None:
        RECORD.unlink(missing_ok=True)
        return False
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + 60
    while ours() is not None:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        if time.monotonic() > until:
            message = f"dockerd (process {pid}) has not ended within 60 s; its log: {LOG}"
            raise CiError(message)
        time.sleep(0.05)
    RECORD.unlink(missing_ok=True)
    return True


@contextmanager
def in_use() -> Iterator[None]:
    """Count as a user of the engine; the last one to leave stops a daemon not to be kept."""
    if not is_root():  # who may not start a daemon has none to stop
        yield
        return
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / "users.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        try:
            yield
        finally:
            with suppress(BlockingIOError):  # somebody else still uses it
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if ours() and not json.loads(RECORD.read_text(encoding="utf-8"))["keep"]:
                    stop()


@contextmanager
def alone() -> Iterator[None]:
    """Hold the lock under which an engine is installed, started or stopped."""
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / "change.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(pid: int, *, keep: bool) -> None:
    """Record our daemon; replaced in one move, so that no reader sees half a record."""
    draft = RECORD.with_suffix(".new")
    record = {"pid": pid, "identity": _identity(pid), "keep": keep}
    draft.write_text(json.dumps(record), encoding="utf-8")
    draft.replace(RECORD)


def _identity(pid: int) -> str | None:
    """Return name-independent proof of a process: boot and start tick; None once it is dead."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else f"{boot} {fields[19]}"


def _forget_dead_pid(path: Path) -> None:
    """Remove a pid file whose process is not what wrote it; dockerd would trust the number."""
    with suppress(OSError, ValueError):
        pid = int(path.read_text(encoding="ascii"))
        name = Path(f"/proc/{pid}/comm")
        if not name.exists() or path.stem not in name.read_text(encoding="utf-8"):
            path.unlink()
