"""Why a kernel ended, in one sentence, with its last words."""

from __future__ import annotations

import os
import re
import shlex
import signal
import stat
from pathlib import Path

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import EngineError, KernelStartError
from jupyter_devbox.run.ending import Moment, lost_kernel
from jupyter_devbox.run.kernel import KernelProcess
from jupyter_devbox.spec.box import BoxSpec

_TAIL_BYTES = 64 * 1024
_TAIL_LINES = 20
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])|[\x00-\x08\x0b-\x1f\x7f]")
_MISSING = re.compile(r"No module named '?(ipykernel[\w.]*)'?")
_FATAL = "Fatal Python error"
_FAULTS = frozenset(
    int(number)
    for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL")
    if (number := getattr(signal, name, None)) is not None
)
"""What `faulthandler` reports."""

_REBUILD = "jupyter devbox containerize"


def explain(
    engine: Engine,
    container: str,
    process: KernelProcess,
    log: Path,
    *,
    spec: BoxSpec,
    began: Moment,
    notebook: str = "",
) -> KernelStartError:
    """Return what is known about a kernel's end, as an error to raise or to log.

    Parameters
    ----------
    container
        Its box.
    log
        The kernel's own output; in a folder that the box can write.
    spec
        What the box was made from.
    began
        When the kernel started.
    notebook
        The name of its notebook, as this machine has it; "" where it has none.
    """
    code = process.exit_code
    lines = crash_lines(log) if crashed(code) else last_lines(log)
    if process.error:
        return KernelStartError(f"The kernel could not be started: `{process.error}`")
    if process.broken:
        msg = f"The box broke the stream that carries its kernel: `{process.broken}`"
        return KernelStartError(msg, hint="restart the kernel", details=lines)
    if process.unheard:
        msg = "The kernel was ended: its box heard nothing from Jupyter for 90 s"
        return KernelStartError(msg, hint="restart the kernel", details=lines)
    if process.out_of_memory or (process.lost and _killed_for_memory(engine, container)):
        return out_of_memory(spec, code, lines, notebook)
    if process.lost:
        return lost_kernel(engine, container, spec, began, lines)
    return _by_itself(code, lines)


def _by_itself(code: int | None, lines: tuple[str, ...]) -> KernelStartError:
    """Return the error for a kernel that nobody ended."""
    if missing := next((found for line in lines if (found := _MISSING.search(line))), None):
        msg = f"The image has no Jupyter kernel: `{missing[1]}` is missing, exit code {code}"
        return KernelStartError(msg, hint=_REBUILD, details=lines)
    msg = f"The kernel ended by itself: {describe(code)}"
    hint = "the lines above are its last; jupyter devbox shell opens the box" if lines else _REBUILD
    return KernelStartError(msg, hint=hint, details=lines)


def out_of_memory(
    spec: BoxSpec, code: int | None, lines: tuple[str, ...] = (), notebook: str = ""
) -> KernelStartError:
    """Return the error for a kernel that the system killed to get memory back.

    Others may run in the same box: the notebook's name tells which it was.
    """
    memory = spec.limits.memory
    limit = f"{size(memory)} limit" if memory else "this machine is out of memory"
    where = f"--project {shlex.quote(spec.project)}"
    hint = (
        f"jupyter devbox containerize {where} --memory {_doubled(memory)}, then restart the "
        "kernel; or Restart with limits… in JupyterLab"
        if memory
        else "close other programs, or load less data at once"
    )
    whose = f" of {notebook}" if notebook else ""
    msg = f"The kernel{whose} was killed: {limit}"
    return KernelStartError(msg, hint=hint, details=(describe(code), *lines))


def _doubled(memory: int) -> str:
    """Return twice a limit, in whole GiB where it is that much: ``512m``, ``4g``."""
    mebi = -(-2 * memory // 2**20)
    return f"{mebi}m" if mebi < 1024 else f"{-(-mebi // 1024)}g"


def _killed_for_memory(engine: Engine, container: str) -> bool:
    """Tell whether the whole box was killed for memory; no if it is gone or the engine is."""
    try:
        state = engine.container(container)
    except EngineError:
        return False
    return state is not None and state.status != "running" and state.oom_killed


def crashed(code: int | None) -> bool:
    """Tell whether a kernel ended by a fault of its own code, such as an extension's."""
    return code is not None and -code in _FAULTS


def crash_lines(log: Path) -> tuple[str, ...]:
    """Return where Python was when it crashed, its innermost call first; else the last lines."""
    lines = _lines(tail(log))
    begun = [n for n, line in enumerate(lines) if line.startswith(_FATAL)]
    return lines[begun[-1] : begun[-1] + _TAIL_LINES] if begun else lines[-_TAIL_LINES:]


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
    """Return the last lines of a log, terminal escapes removed."""
    return _lines(tail(log))[-_TAIL_LINES:]


def tail(log: Path) -> str:
    """Return the end of a log, 64 KiB at most; "" where there is none.

    The box owns the file: a link, a pipe or a device in its place is not read.
    """
    try:
        descriptor = os.open(log, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            return ""
        start = max(0, state.st_size - _TAIL_BYTES)
        return os.pread(descriptor, _TAIL_BYTES, start).decode(errors="replace")
    finally:
        os.close(descriptor)


def _lines(text: str) -> tuple[str, ...]:
    lines = (_ESCAPES.sub("", line).rstrip() for line in text.splitlines())
    return tuple(line for line in lines if line)
