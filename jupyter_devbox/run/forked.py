"""Has a box's main process fork the launcher of a kernel, which needs no exec of the engine's."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import EngineError
from jupyter_devbox.run.call import SocketChannel, await_call
from jupyter_devbox.run.runtime_dir import SHARED_IN_BOX, RuntimeDir

_PATIENCE = 5.0
"""Seconds: a main process answers within 2 ms, unless something in the box has stopped it."""


def share_door(runtime: RuntimeDir, container: str) -> None:
    """Put the FIFO in which a box's main process is asked where it looks for one as it starts."""
    runtime.share_fifo(_door(container))


def _door(container: str) -> str:
    """Return the FIFO's name: engines call a container by the beginning of its id."""
    return f"launch-{container[:12]}"


def fork_launcher(
    engine: Engine,
    container: str,
    runtime: RuntimeDir,
    name: str,
    *,
    arguments: tuple[str, ...],
    env: Mapping[str, str],
) -> SocketChannel | None:
    """Start a kernel in a running box and return the channel to its launcher.

    None where the main process takes no orders: it was stopped, it is not ours, or its system keeps
    the host's FIFOs out (gVisor does unless told otherwise). An exec of the launcher does then.

    Parameters
    ----------
    name
        The kernel's short name.
    arguments
        What follows `kernel CHANNEL` on the launcher's command line.
    env
        Variables for this kernel alone.
    """
    order = _order(arguments, env)
    if order is None:
        return None
    place = runtime.shared / f"{name}-c"  # as long as its sockets' names: an address has 107 bytes
    with runtime.listening(place) as listener:
        if not _asked(runtime.shared / _door(container), f"{SHARED_IN_BOX}/{place.name}"):
            return None
        channel = await_call(engine, container, listener, _PATIENCE)
    if channel is not None:
        with suppress(EngineError):  # it hangs up on having said why there is no launcher
            channel.write(order)
    return channel


def _order(arguments: tuple[str, ...], env: Mapping[str, str]) -> bytes | None:
    """Return what a launcher is told (see `main_process`); None for what no program can be told."""
    words = (*(f"{name}={value}" for name, value in env.items()), "", *arguments)
    if any("\0" in word for word in words):
        return None
    text = os.fsencode("\0".join(words))
    return b"%08x" % len(text) + text


def _asked(path: Path, address: str) -> bool:
    """Tell a box's main process where to dial; returns whether it listens."""
    try:
        door = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:  # nobody has it open for reading, or there is none
        return False
    try:
        if not stat.S_ISFIFO(os.fstat(door).st_mode):
            return False
        os.write(door, os.fsencode(f"{address}\n"))
    except OSError:  # it is full: nobody reads it
        return False
    finally:
        os.close(door)
    return True
