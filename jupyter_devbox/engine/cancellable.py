"""A process that ends with all it started: by a flag, by Ctrl-C or when its reader fails."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from jupyter_devbox.errors import BuildCancelledError, EngineError

_GRACE_SECONDS = 5.0


@contextmanager
def started(
    argv: list[str], env: Mapping[str, str], cancel: threading.Event
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process in a session of its own; end it if cancelled, or if its reader fails.

    Its standard error goes where its standard output goes.

    Raises
    ------
    BuildCancelledError
        `cancel` was set before it began.
    EngineError
        The program can't be started.
    """
    if cancel.is_set():
        msg = "The build was stopped before it began"
        raise BuildCancelledError(msg, hint="build again")
    try:
        process = subprocess.Popen(
            argv,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        msg = f"A program cannot be started ({error.strerror}): `{argv[0]}`"
        raise EngineError(msg, hint="jupyter devbox doctor") from error
    over = threading.Event()
    watcher = threading.Thread(
        target=_end_when_cancelled, args=(process, cancel, over), name="devbox-build-cancel"
    )
    watcher.start()
    try:
        with process:
            try:
                yield process
            except BaseException:  # Ctrl-C, or a view that failed: the build must not go on unseen
                _end(process)
                raise
    finally:
        over.set()
        watcher.join()


def _end_when_cancelled(
    process: subprocess.Popen[bytes], cancel: threading.Event, over: threading.Event
) -> None:
    """Wait until the build is over or cancelled; then end it, which also ends the reading."""
    while not over.is_set():
        if cancel.wait(0.1):
            _end(process)
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a process group, so that BuildKit stops its step; kill it if that takes long."""
    if process.poll() is None:
        _signal(process, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_SECONDS)
    # What it left in its group must not hold our pipe open.
    _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    """Signal a whole process group, where there are such; gone is fine."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.terminate()
