"""A folder held open, so that nothing read or written in it can be led elsewhere meanwhile.

Programs in a box write into the project too, at any moment. A path that was looked at may be a
link a moment later; an open folder stays the folder it was (openat(2), "Rationale for openat()").
Windows opens no folders: there paths are used, and the look at them is all there is.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from jupyter_devbox.errors import FileError

HOLDS = os.open in os.supports_dir_fd
"""Whether this system can hold a folder open."""

_LINK = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = os.O_RDONLY | _LINK | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
# Whoever opens a pipe waits for its writer, unless told not to.
_READ = os.O_RDONLY | _LINK | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _LINK | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder. `descriptor` is None on a system that cannot hold it open."""

    path: Path
    descriptor: int | None

    def read(self, name: str) -> bytes | None:
        """Return a file's content, None if there is none.

        Raises
        ------
        OSError
            It cannot be read; ELOOP for a link, EINVAL for what is no ordinary file.
        """
        try:
            opened = os.open(self._at(name), _READ, dir_fd=self.descriptor)
        except FileNotFoundError:
            return None
        with os.fdopen(opened, "rb") as file:
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                raise OSError(errno.EINVAL, "it is no ordinary file")
            return file.read()

    def write(self, name: str, content: bytes, mode: int = 0o666) -> None:
        """Replace a file so that a reader, or a crash, sees the old or the new whole.

        The file keeps its mode; a new one gets `mode`, less what the process's umask takes away.
        What stands there under the name, a link too, is replaced and not written through.
        """
        self.put(self.draft(name, content, mode), name)

    def draft(self, name: str, content: bytes, mode: int = 0o666) -> str:
        """Write the new content of a file beside it, on the disk for good; return the draft's name.

        Where that fails, a full disk for one, nothing of it stays.
        """
        draft = f".{name}.{secrets.token_hex(4)}"
        opened = os.open(self._at(draft), _NEW, mode, dir_fd=self.descriptor)
        try:
            with os.fdopen(opened, "wb") as file:
                file.write(content)
                file.flush()
                kept = self._mode(name)
                if kept is not None and hasattr(os, "fchmod"):
                    os.fchmod(opened, kept)
                os.fsync(opened)
        except BaseException:
            self.remove(draft)
            raise
        return draft

    def put(self, draft: str, name: str) -> None:
        """Let a draft take the file's place; it is gone however this ends."""
        try:
            os.replace(
                self._at(draft),
                self._at(name),
                src_dir_fd=self.descriptor,
                dst_dir_fd=self.descriptor,
            )
        except BaseException:
            self.remove(draft)
            raise

    def remove(self, name: str) -> None:
        """Remove a file; absent is no error."""
        with suppress(FileNotFoundError):
            os.unlink(self._at(name), dir_fd=self.descriptor)

    def remove_empty(self, name: str) -> None:
        """Remove a folder; one that is absent, holds something or is a link stays as it is."""
        with suppress(OSError):
            os.rmdir(self._at(name), dir_fd=self.descriptor)

    def has(self, name: str) -> bool:
        """Tell whether anything stands there under the name, a broken link too."""
        try:
            os.stat(self._at(name), dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def _mode(self, name: str) -> int | None:
        """Return the permissions of an ordinary file, None if there is none."""
        try:
            there = os.stat(self._at(name), dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None
        return stat.S_IMODE(there.st_mode) if stat.S_ISREG(there.st_mode) else None

    def _at(self, name: str) -> str:
        return name if self.descriptor is not None else str(self.path / name)


@contextmanager
def held(path: Path) -> Iterator[Folder]:
    """Hold a folder open that the user named: a link to it is followed."""
    if not HOLDS:
        yield Folder(path, None)
        return
    descriptor = os.open(path, _FOLDER & ~_LINK)
    try:
        yield Folder(path, descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def held_inside(
    project: Path, relative: str, *, make: bool = False
) -> Iterator[tuple[Folder, str]]:
    """Hold the folder of a project file open; yield it with the file's name.

    A link on the way is the user's choice as long as it leads to a folder of the project.

    Parameters
    ----------
    relative
        The file's path in the project, with forward slashes.
    make
        Whether to make the folders that are missing.

    Raises
    ------
    FileError
        The way leads out of the project, or was bent while we went it.
    OSError
        A folder is missing or cannot be opened.
    """
    path = confined(project, relative)
    root = project.resolve()
    steps = path.parent.relative_to(root).parts
    if not HOLDS:
        if make:
            path.parent.mkdir(parents=True, exist_ok=True)
        yield Folder(path.parent, None), path.name
        return
    descriptor = os.open(root, _FOLDER & ~_LINK)
    try:
        for step in steps:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(step, dir_fd=descriptor)
            outer, descriptor = descriptor, _step(descriptor, step, relative)
            os.close(outer)
        yield Folder(path.parent, descriptor), path.name
    finally:
        os.close(descriptor)


def read_inside(project: Path, relative: str) -> bytes | None:
    """Return the content of a project file, None if there is none; raises as `held_inside`."""
    try:
        with held_inside(project, relative) as (folder, name):
            return folder.read(name)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _leads_out(relative) from error
        raise


def _step(outer: int, name: str, relative: str) -> int:
    """Open a folder in an open folder; it was no link when the way was looked at."""
    try:
        return os.open(name, _FOLDER, dir_fd=outer)
    except OSError as error:
        if error.errno == errno.ELOOP or _is_link(outer, name):
            raise _leads_out(relative) from error
        raise


def _is_link(outer: int, name: str) -> bool:
    """Tell whether it is a link: some systems call one that is opened as a folder "no folder"."""
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=outer, follow_symlinks=False).st_mode)
    except OSError:
        return False


def confined(project: Path, relative: str) -> Path:
    """Return the path of a project file, and refuse one that leads elsewhere through a link.

    Raises
    ------
    FileError
        A folder on the way, or the file, is a link out of the project.
    """
    root = project.resolve()
    path = root.joinpath(*relative.split("/"))
    try:
        parent = path.parent.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # it leads to itself, or has a null byte
        raise _leads_out(relative) from error
    if not parent.is_relative_to(root) or path.name == ".." or path.is_symlink():
        raise _leads_out(relative)
    return parent / path.name


def _leads_out(relative: str) -> FileError:
    """Return the error for a path that a link leads out of the project."""
    message = f"A link leads out of the project: `{relative}`"
    return FileError(message, hint="remove the link, then run it again")
