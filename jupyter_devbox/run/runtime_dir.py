"""The folder on the host that a box shares: sockets it may write, files it may only read.

::

    /tmp/jdb-<uid>/<8 hex>/        0700: nobody else gets this far
        s/   → /run/devbox/s       sockets and kernel logs; the box writes here
        k/   → /run/devbox/k       launcher and connection files; read-only in the box
        lock                       one server at a time makes the box

Short, because the address of a Unix socket has 107 bytes, and never under HOME: that may be a
network file system, which has no sockets. What lies in ``s`` is the box's word: it is never opened
through a link.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from jupyter_devbox.errors import RunError
from jupyter_devbox.spec.container import Mount

SOCKETS_IN_BOX = "/run/devbox/s"
SHARED_IN_BOX = "/run/devbox/k"
BASE_VARIABLE = "JUPYTER_DEVBOX_RUNTIME_DIR"

_LONGEST_ADDRESS = 107
_LONGEST_NAME = len("123456789012-5")


@dataclass(frozen=True, slots=True)
class RuntimeDir:
    """One box's folder. `uid` and `gid` own what the box uses."""

    path: Path
    uid: int
    gid: int

    @property
    def sockets(self) -> Path:
        """Where the box writes."""
        return self.path / "s"

    @property
    def shared(self) -> Path:
        """Where the box reads."""
        return self.path / "k"

    def mounts(self) -> tuple[Mount, Mount]:
        """Return the two mounts of a box."""
        return (
            Mount(source=str(self.sockets), target=SOCKETS_IN_BOX, relabel=True),
            Mount(source=str(self.shared), target=SHARED_IN_BOX, readonly=True, relabel=True),
        )

    def share(self, name: str, content: bytes) -> str:
        """Put a file where the box reads, for its user alone, and return its path in the box."""
        path = self.shared / name
        if not path.is_file() or path.read_bytes() != content:
            write_private(path, content)
            give(path, self.uid, self.gid)
        return f"{SHARED_IN_BOX}/{name}"

    def share_fifo(self, name: str) -> None:
        """Put a FIFO where the box reads, unless it is there: a box may write into one, too."""
        path = self.shared / name
        with suppress(FileExistsError):
            os.mkfifo(path, 0o600)
            give(path, self.uid, self.gid)

    def listen(self, path: Path) -> socket.socket:
        """Return a socket that listens at a path in the folder, for the box's user alone."""
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        try:
            listener.bind(str(path))
            path.chmod(0o600)
            give(path, self.uid, self.gid)
            listener.listen(16)
        except OSError:
            listener.close()
            raise
        return listener

    @contextmanager
    def listening(self, path: Path) -> Iterator[socket.socket]:
        """Listen at a path in the folder for as long as this lasts; see `listen`."""
        listener = self.listen(path)
        try:
            yield listener
        finally:
            listener.close()
            path.unlink(missing_ok=True)

    def discard(self, name: str) -> None:
        """Remove what a kernel left: its connection file, heartbeat, log and sockets."""
        for folder in (self.shared, self.sockets):
            for path in (*folder.glob(f"{name}.*"), *folder.glob(f"{name}-*")):
                _remove(path)

    def remove(self) -> None:
        """Remove the folder; its box must be gone."""
        shutil.rmtree(self.path, ignore_errors=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other threads and servers from making the same box meanwhile."""
        import fcntl  # noqa: PLC0415  # not on Windows, where this module is only imported

        with (self.path / "lock").open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def marked(self, name: str) -> bool:
        """Tell whether something was noted here."""
        return (self.path / name).exists()

    def mark(self, name: str) -> None:
        """Note something about the box."""
        (self.path / name).touch(mode=0o600)


def default_base() -> Path:
    """Return the folder below which all runtime folders of this user lie."""
    return Path(os.environ.get(BASE_VARIABLE) or f"/tmp/jdb-{os.geteuid()}")  # noqa: S108  # see `_own`


def runtime_key(*parts: str) -> str:
    """Return the eight digits that stand for a box in the file system."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]


def open_runtime_dir(key: str, *, uid: int, gid: int, base: Path) -> RuntimeDir:
    """Make the folder of a box if need be, and make sure that it is this user's alone.

    Raises
    ------
    RunError
        Somebody else's folder or a link stands there, or the path is too long for sockets.
    """
    runtime = RuntimeDir(base / key, uid, gid)
    longest = len(os.fsencode(runtime.sockets)) + 1 + _LONGEST_NAME
    if longest > _LONGEST_ADDRESS:
        msg = f"The folder for kernel sockets is too deep for a socket's address: `{base}`"
        raise RunError(msg, hint=f"set {BASE_VARIABLE} to a shorter path")
    _own(base)
    _own(runtime.path)
    for inner in (runtime.sockets, runtime.shared):
        inner.mkdir(mode=0o700, exist_ok=True)
        give(inner, uid, gid)
    return runtime


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    draft.replace(path)


def _remove(path: Path) -> None:
    """Remove what has this name; the box may have put a folder there."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        shutil.rmtree(path, ignore_errors=True)


def _own(path: Path) -> None:
    """Make a folder for this user alone; raise `RunError` if it is not one."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        pass
    except OSError as error:
        msg = f"The folder for kernel sockets can't be made ({error.strerror}): `{path}`"
        raise RunError(msg, hint=f"set {BASE_VARIABLE} to a folder you can write") from error
    state = path.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.geteuid():
        msg = f"The folder for kernel sockets belongs to somebody else: `{path}`"
        raise RunError(msg, hint=f"remove it, or set {BASE_VARIABLE} to a folder of your own")
    if state.st_mode & 0o077:
        path.chmod(0o700)


def give(path: Path, uid: int, gid: int) -> None:
    """Hand a path to the box's user; only root can and needs to."""
    if os.geteuid() == 0 and path.lstat().st_uid != uid:
        os.chown(path, uid, gid, follow_symlinks=False)
