"""Write into the user's folder: confined to the project, atomic, never through a link."""

from __future__ import annotations

import difflib
import errno
import os
import secrets
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from jupyter_devbox.errors import ConflictError, FileError, ReadOnlyError
from jupyter_devbox.files import jsonc
from jupyter_devbox.files.configuration import check_configuration
from jupyter_devbox.files.merge import Conflict, merge
from jupyter_devbox.spec.tree import BinaryFile, KeyFile, RenderedTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file that would be written (`new` bytes) or removed (`new` is None)."""

    path: str
    old: bytes | None
    new: bytes | None

    def diff(self) -> tuple[str, ...]:
        """Return the change as a unified diff; one line for a binary file."""
        if self.path.endswith(".whl"):
            verb = "removed" if self.new is None else "changed" if self.old else "added"
            size = len(self.new or self.old or b"")
            return (f"{self.path}: {verb}, {size} bytes",)
        before, after = (
            (data or b"").decode("utf-8", errors="replace").splitlines()
            for data in (self.old, self.new)
        )
        return tuple(
            difflib.unified_diff(before, after, f"a/{self.path}", f"b/{self.path}", lineterm="")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What writing a tree would do: the changed files alone, and the conflicts."""

    changes: tuple[Change, ...]
    conflicts: tuple[Conflict, ...]


def compare(project: Path, tree: RenderedTree) -> Changes:
    """Return what writing the tree would change; writes nothing.

    Raises
    ------
    ConfigurationError
        An existing devcontainer.json cannot be read, or the merged one would break its format.
    ReadOnlyError
        An existing file cannot be read.
    FileError
        A path leads out of the project.
    """
    changes: list[Change] = []
    conflicts: list[Conflict] = []
    for file in tree.files:
        path = confined(project, file.path)
        old = _content(path)
        merged = merge(file, old)
        conflicts += merged.conflicts
        if merged.content != old:
            if isinstance(file, KeyFile):
                text = merged.content.decode("utf-8", errors="surrogateescape")
                check_configuration(jsonc.parse(text, file.path).value, file.path)
            changes.append(Change(path=file.path, old=old, new=merged.content))
    changes += _superseded(project, tree)
    return Changes(changes=tuple(changes), conflicts=tuple(conflicts))


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError as error:
        message = f"This file cannot be read ({error.strerror}): `{path}`"
        raise ReadOnlyError(message, hint=f"ls -l {shlex.quote(str(path))}") from error


def _superseded(project: Path, tree: RenderedTree) -> Iterator[Change]:
    """Yield the removal of older wheels of the packages whose wheels are in the tree.

    Wheels of other packages in that folder are the user's own.
    """
    wheels = [PurePosixPath(file.path) for file in tree.files if isinstance(file, BinaryFile)]
    for wheel in wheels:
        folder = confined(project, str(wheel.parent))
        package = wheel.name.split("-")[0]
        for path in sorted(folder.glob(f"{package}-*.whl")) if folder.is_dir() else ():
            if path.name not in {w.name for w in wheels}:
                relative = f"{wheel.parent}/{path.name}"
                yield Change(path=relative, old=_content(path), new=None)


def refuse_conflicts(changes: Changes, hint: str) -> None:
    """Raise `ConflictError` for the first conflict, its two sides in the details."""
    if not changes.conflicts:
        return
    first = changes.conflicts[0]
    place = f"your {first.place}" if first.place.startswith("line") else first.place
    message = f"{first.path}: {place} and the plan disagree. Nothing was changed or built"
    raise ConflictError(
        message,
        hint=hint,
        details=tuple(
            line for conflict in changes.conflicts for line in _labelled(conflict.diff())
        ),
    )


def _labelled(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        yield f"  {line}" + ("      (yours)" if line.startswith("-") else "      (the plan)")


def write(project: Path, changes: Changes) -> tuple[str, ...]:
    """Write the changed files, each atomically, and return their paths.

    A file in conflict is kept beside the new one as ``NAME.yours`` (or ``NAME.yours-2``, …).

    Raises
    ------
    ReadOnlyError
        The folder cannot be written; nothing was.
    """
    _refuse_unwritable(project, changes)
    contested = {conflict.path for conflict in changes.conflicts}
    for change in changes.changes:
        path = confined(project, change.path)
        try:
            if change.new is None:
                path.unlink(missing_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if change.path in contested and change.old is not None:
                atomic_write(_free_name(path), change.old)
            atomic_write(path, change.new)
        except OSError as error:
            raise unwritable(error, path.parent) from error
    return tuple(change.path for change in changes.changes if change.new is not None)


def _refuse_unwritable(project: Path, changes: Changes) -> None:
    """Raise before anything is written, if any of the folders cannot be."""
    for folder in {confined(project, change.path).parent for change in changes.changes}:
        there = next(f for f in (folder, *folder.parents) if f.exists())
        if not os.access(there, os.W_OK | os.X_OK):
            raise unwritable(OSError(errno.EACCES, os.strerror(errno.EACCES)), there)


_ELSEWHERE = "copy the notebook to a folder of yours, or use --project"


def unwritable(error: OSError, folder: Path, hint: str = _ELSEWHERE) -> FileError:
    """Return the error of the user's that a failed write into a folder is."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return FileError(f"The disk is full: `{folder}`", hint="jupyter devbox prune")
    message = f"This folder cannot be written ({error.strerror}): `{folder}`"
    return ReadOnlyError(message, hint=hint)


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
        inside = path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # a link that leads to itself
        inside = False
    if not inside or path.is_symlink():
        message = f"A link leads out of the project: `{relative}`"
        raise FileError(message, hint="remove the link, then run it again")
    return path


def atomic_write(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Replace a file's content so that a reader, or a crash, sees the old or the new whole.

    The file keeps its mode; a new one gets `mode`, less what the process's umask takes away.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(temporary, flags, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o7777)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _free_name(path: Path) -> Path:
    candidate = path.with_name(f"{path.name}.yours")
    number = 2
    while candidate.exists():
        candidate = path.with_name(f"{path.name}.yours-{number}")
        number += 1
    return candidate
