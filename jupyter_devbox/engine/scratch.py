"""Folders for a while, in the system's place for temporary files, that a sweep can tell apart.

A build's may hold a login. `kill -9` leaves it behind; the next start removes it.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jupyter_devbox.engine.alive import Hold, is_abandoned

_PREFIX = "devbox-scratch-"
_ALIVE = ".alive"


@contextmanager
def scratch(purpose: str) -> Iterator[Path]:
    """Make an empty folder for this user alone, yield it, and remove it.

    Parameters
    ----------
    purpose
        A word for those who look into the folder for temporary files: ``build``, ``lock``.
    """
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{purpose}-") as folder:
        inner = Path(folder, "s")
        inner.mkdir(mode=0o700)
        hold = Hold(Path(folder, _ALIVE))
        try:
            yield inner
        finally:
            hold.release()


def sweep_scratch() -> tuple[Path, ...]:
    """Remove this user's folders whose process is gone, and return them.

    A build that such a process left running is ended: it has the folder in its command line.
    A folder without its `.alive` is being made or removed this moment: it stays.
    """
    removed = []
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        alive = folder / _ALIVE
        if _is_ours(folder) and is_abandoned(alive):
            _end_users(folder)
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
    return tuple(removed)


def _end_users(folder: Path) -> None:
    """Interrupt this user's programs that were given a path in a folder."""
    needle = os.fsencode(f"{folder}/")
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            mine = process.stat().st_uid == os.geteuid()
            if mine and needle in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGINT)


def _is_ours(folder: Path) -> bool:
    """Tell whether it is a folder, no link, that belongs to this user and that only he enters."""
    try:
        state = folder.lstat()
    except OSError:
        return False
    mine = not hasattr(os, "geteuid") or state.st_uid == os.geteuid()
    return stat.S_ISDIR(state.st_mode) and mine and not state.st_mode & 0o077
