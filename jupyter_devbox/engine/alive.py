"""Whether the process that made something still lives, told by a lock that ends with it.

The system lets go of an advisory lock (flock(2)) when its process is gone, however that ended,
and keeps it while the process is only stopped or the machine sleeps. A process id would need its
start time, the boot and the pid namespace beside it to say as much, and says nothing to a box or
to a server in a container of its own. Where the file system has no such locks, everybody counts
as alive: then nothing is swept.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_held: dict[int, Path] = {}


class Hold:
    """A file that says "alive" for as long as this process lives, or until `release`.

    Parameters
    ----------
    path
        The file; made anew, readable by this user alone. Its folder must be there.
    content
        What it says at first; `write` replaces it in place.

    Raises
    ------
    OSError
        The file can't be written.
    """

    def __init__(self, path: Path, content: bytes = b"") -> None:
        self.path = path
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.unlink(missing_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        self._descriptor: int | None = os.open(draft, flags, 0o600)
        _held[self._descriptor] = path
        os.write(self._descriptor, content)
        _lock(self._descriptor)
        # Under its name it is never seen without its lock.
        draft.replace(path)

    def write(self, content: bytes) -> None:
        """Replace the content by another of the same length; no error once it is released."""
        if self._descriptor is not None:
            os.pwrite(self._descriptor, content, 0)

    def release(self) -> None:
        """Let go, and remove the file."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        self.path.unlink(missing_ok=True)
        if _held.pop(descriptor, None) is not None:  # a forked child has closed its copy
            os.close(descriptor)


def is_abandoned(path: Path) -> bool:
    """Tell whether a file is there that no living process holds."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return False
    try:
        return _lock(descriptor, shared=True)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, *, shared: bool = False) -> bool:
    """Take the lock; False if somebody else has it or nobody can."""
    try:
        import fcntl  # noqa: PLC0415  # not on Windows
    except ImportError:
        return False
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _forget() -> None:
    """Close the copies that a fork made, so that a child does not speak for its parent."""
    for descriptor in _held:
        with suppress(OSError):
            os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
