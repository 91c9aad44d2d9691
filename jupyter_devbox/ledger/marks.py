"""The mark of a process: recorded with what must go when that process has ended.

A mark is a file that its process holds (`engine.alive`), beside the ledger: whoever reads the
ledger sees it, from another container too.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Collection
from pathlib import Path

from jupyter_devbox.engine.alive import Hold, is_abandoned

_mine: dict[tuple[Path, int], Hold] = {}
_guard = threading.Lock()


def mark(folder: Path) -> str:
    """Return this process's mark; the folder is made if need be.

    Raises
    ------
    OSError
        The folder can't be written.
    """
    with _guard:
        key = (folder, os.getpid())  # a forked child is a process of its own
        hold = _mine.get(key)
        if hold is None or not hold.path.exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            hold = _mine[key] = Hold(folder / secrets.token_hex(8))
        return hold.path.name


def has_ended(folder: Path, name: str) -> bool:
    """Tell whether the process of a mark has ended; False where that can't be known."""
    path = folder / Path(name).name
    return bool(name) and (not path.exists() or is_abandoned(path))


def drop_marks(folder: Path, used: Collection[str]) -> None:
    """Remove the marks of processes that have ended, but for those that an entry still carries."""
    for path in folder.glob("[0-9a-f]*"):
        if path.name not in used and is_abandoned(path):
            path.unlink(missing_ok=True)
