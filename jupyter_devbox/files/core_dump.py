"""Takes a core dump out of the project, where the system has put it."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from pathlib import Path

from jupyter_devbox.files.folder import HOLDS, held_inside

_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
_HEAD = 18


def take_core(project: Path, relative: str, target: Path) -> None:
    """Move a core dump of the project to a new file, which its owner alone can read.

    A box says where it lies, and may put anything there at any moment: only an ordinary file that
    has no other name and begins as a core dump does is taken.

    Parameters
    ----------
    relative
        Its path in the project, with forward slashes.

    Raises
    ------
    FileError
        The way leads out of the project.
    OSError
        There is no such file, or no room for it; it stays where it is.
    """
    if not HOLDS:
        raise OSError(errno.ENOTSUP, "this system can hold no folder open")
    with held_inside(project, relative) as (folder, name):
        opened = os.open(name, _OPEN, dir_fd=folder.descriptor)
        try:
            if not _is_core(opened):
                raise OSError(errno.EINVAL, "it is no core dump")
            os.fchmod(opened, 0o600)
            _copy(opened, target)
            if _same(opened, os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False)):
                folder.remove(name)
        finally:
            os.close(opened)


def _is_core(opened: int) -> bool:
    """Tell whether an open file is an ELF file of type 4 (elf(5)) under one name alone."""
    state = os.fstat(opened)
    head = os.pread(opened, _HEAD, 0) if stat.S_ISREG(state.st_mode) else b""
    core = head.startswith(b"\x7fELF") and head[16:] in {b"\4\0", b"\0\4"}
    return core and state.st_nlink == 1


def _copy(opened: int, target: Path) -> None:
    """Write what an open file holds into a new one; nothing of it stays where that fails."""
    made = os.open(target, _NEW, 0o600)
    try:
        with os.fdopen(made, "wb") as copy, os.fdopen(os.dup(opened), "rb") as file:
            shutil.copyfileobj(file, copy, 1 << 20)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _same(opened: int, there: os.stat_result) -> bool:
    mine = os.fstat(opened)
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)
