"""Why a kernel ended, in one sentence, with its last words."""

from __future__ import annotations

import os
import re
import signal
import stat
from pathlib import Path

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import EngineError, KernelStartError
from jupyter_devbox.run.kernel import KernelProcess
from jupyter_devbox.spec.container import ContainerInfo

_TAIL_BYTES = 64 * 1024
_TAIL_LINES = 20
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])|[\x00-\x08\x0b-\x1f\x7f]")
_MISSING = re.compile(r"No module named '?(ipykernel[\w.]*)'?")
_REBUILD = "jupyter devbox containerize"


def explain(
    engine: Engine, container: str, process: KernelProcess, log: Path, *, memory: int = 0
) -> KernelStartError:
    """Return what is known about a kernel's end, as an error to raise or to log.

    Parameters
    ----------
    container
        Its box.
    log
        The kernel's own output; in a folder that the box can write.
    memory
        The box's memory limit in bytes, 0 where there is none.
    """
    code = process.exit_code
    lines = last_lines(log)
    if process.error:
        return KernelStartError(f"The kernel could not be started: `{process.error}`")
    state = _state(engine, container)
    if process.out_of_memory or (process.lost and state is not None and state.oom_killed):
        memory = memory or (state.memory_limit if state else 0)
        return out_of_memory(memory, code, lines)
    if process.lost:
        return _box_ended(container, state, lines)
    if missing := next((found for line in lines if (found := _MISSING.search(line))), None):
        msg = f"The image has no Jupyter kernel: `{missing[1]}` is missing, exit code {code}"
        return KernelStartError(msg, hint=_REBUILD, details=lines)
    msg = f"The kernel ended by itself: {describe(code)}"
    hint = "the lines above are its last; jupyter devbox shell opens the box" if lines else _REBUILD
    return KernelStartError(msg, hint=hint, details=lines)


def out_of_memory(memory: int, code: int | None, lines: tuple[str, ...] = ()) -> KernelStartError:
    """Return the error for a kernel that the system killed to get memory back."""
    limit = f"{size(memory)} limit" if memory else "this machine is out of memory"
    hint = (
        "raise --memory in runArgs of devcontainer.json, then jupyter devbox containerize"
        if memory
        else "close other programs, or load less data at once"
    )
    msg = f"The kernel was killed: {limit}"
    return KernelStartError(msg, hint=hint, details=(describe(code), *lines))


def _box_ended(
    container: str, state: ContainerInfo | None, lines: tuple[str, ...]
) -> KernelStartError:
    """Return the error for a kernel whose box went away under it."""
    if state is None:
        msg = f"The box was removed (VS Code's Rebuild does that): `{container[:12]}`"
        return KernelStartError(msg, hint="restart the kernel: that makes a new box", details=lines)
    if state.status != "running":
        msg = f"The box stopped under the kernel, exit code {state.exit_code}: `{state.name}`"
        return KernelStartError(msg, hint="restart the kernel: that starts the box", details=lines)
    msg = f"The kernel's launcher was ended in the box: `{state.name}`"
    return KernelStartError(msg, hint="restart the kernel", details=lines)


def _state(engine: Engine, container: str) -> ContainerInfo | None:
    """Return how the box stands; None if it is gone or the engine is."""
    try:
        return engine.container(container)
    except EngineError:
        return None


def describe(code: int | None) -> str:
    """Return an exit code in words."""
    if code is None:
        return "still running"
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}, exit code {code}"
    except ValueError:
        return f"killed by signal {-code}, exit code {code}"


def size(count: int) -> str:
    """Return a number of bytes as people say it: ``256 MiB``, ``4.0 GiB``."""
    mebi = count / 2**20
    return f"{mebi / 1024:.1f} GiB" if mebi >= 1024 else f"{mebi:.0f} MiB"


def last_lines(log: Path) -> tuple[str, ...]:
    """Return the last lines of a log, terminal escapes removed.

    The box owns the file: a link, a pipe or a device in its place is not read.
    """
    try:
        descriptor = os.open(log, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ()
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            return ()
        start = max(0, state.st_size - _TAIL_BYTES)
        text = os.pread(descriptor, _TAIL_BYTES, start).decode(errors="replace")
    finally:
        os.close(descriptor)
    lines = (_ESCAPES.sub("", line).rstrip() for line in text.splitlines())
    return tuple(line for line in lines if line)[-_TAIL_LINES:]
