"""Write into the user's folder: confined to the project, atomic, never through a link."""

from __future__ import annotations

import difflib
import errno
import hashlib
import json
import os
import shlex
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from jupyter_devbox.errors import ConflictError, FileError, ReadOnlyError
from jupyter_devbox.files import jsonc
from jupyter_devbox.files.configuration import check_configuration
from jupyter_devbox.files.folder import Folder, confined, held, held_inside, read_inside
from jupyter_devbox.files.merge import Conflict, is_ours_alone, merge
from jupyter_devbox.spec.tree import BinaryFile, KeyFile, RenderedTree

_ELSEWHERE = "copy the notebook to a folder of yours, or use --project"
DATA_ELSEWHERE = "set JUPYTER_DATA_DIR to a folder that you can write"
"""The hint where Jupyter's data folder cannot be written."""
_FORMS = (".whl", ".tar.gz", ".zip")
"""Of what lies in `wheels/`: a source archive is replaced like a wheel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file that would be written (`new` bytes) or removed (`new` is None)."""

    path: str
    old: bytes | None
    new: bytes | None

    def diff(self) -> tuple[str, ...]:
        """Return the change as a unified diff; one line for a binary file."""
        if self.path.endswith(_FORMS):
            verb = "removed" if self.new is None else "changed" if self.old else "added"
            content = self.new or self.old or b""
            digest = hashlib.sha256(content).hexdigest()[:16]
            return (f"{self.path}: {verb}, {len(content)} bytes, sha256 {digest}",)
        before, after = (
            (data or b"").decode("utf-8", errors="replace").splitlines()
            for data in (self.old, self.new)
        )
        return tuple(
            difflib.unified_diff(before, after, f"a/{self.path}", f"b/{self.path}", lineterm="")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What writing a tree would do: the changed files alone, and the conflicts.

    `kept` are files that the tree does without, and that hold something of the user's.
    """

    changes: tuple[Change, ...]
    conflicts: tuple[Conflict, ...]
    kept: tuple[str, ...] = ()

    def diff(self) -> tuple[str, ...]:
        """Return all changes as one unified diff."""
        return tuple(line for change in self.changes for line in change.diff())

    def digest(self) -> str:
        """Return what stands for exactly these changes: paths, and every byte before and after."""
        parts = [(c.path, _digest(c.old), _digest(c.new)) for c in self.changes]
        return _digest(json.dumps(parts).encode())[:32]


def _digest(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


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
        old = _content(project, file.path)
        merged = merge(file, old)
        conflicts += merged.conflicts
        if merged.content != old:
            if isinstance(file, KeyFile):
                text = merged.content.decode("utf-8", errors="surrogateescape")
                check_configuration(jsonc.parse(text, file.path).value, file.path)
            changes.append(Change(path=file.path, old=old, new=merged.content))
    changes += _superseded(project, tree)
    removed, kept = _absent(project, tree)
    return Changes(changes=(*changes, *removed), conflicts=tuple(conflicts), kept=kept)


def _content(project: Path, relative: str) -> bytes | None:
    """Return what a project file holds, None if there is none."""
    try:
        return read_inside(project, relative)
    except OSError as error:
        path = project / relative
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
        found = [path for form in _FORMS for path in folder.glob(f"{package}-*{form}")]
        for path in sorted(found) if folder.is_dir() else ():
            if path.name not in {w.name for w in wheels}:
                relative = f"{wheel.parent}/{path.name}"
                yield Change(path=relative, old=_content(project, relative), new=None)


def _absent(project: Path, tree: RenderedTree) -> tuple[list[Change], tuple[str, ...]]:
    """Return the removal of files that the tree does without, and those that stay.

    What the user wrote into one stays where it is: nothing of ours reads it any more.
    """
    removed, kept = [], []
    for path in tree.absent:
        old = _content(project, path)
        if old is None:
            continue
        text = old.decode("utf-8", errors="replace").replace("\r\n", "\n")
        if is_ours_alone(path, text):
            removed.append(Change(path=path, old=old, new=None))
        else:
            kept.append(path)
    return removed, tuple(kept)


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

    All new content is on the disk before the first file is replaced: a disk that is full leaves
    the project as it was. A file in conflict is kept beside the new one as ``NAME.yours`` (or
    ``NAME.yours-2``, …).

    Raises
    ------
    ReadOnlyError
        The folder cannot be written; nothing was.
    FileError
        The disk is full, or a path leads out of the project.
    """
    _refuse_unwritable(project, changes)
    drafts = _Drafts(project)
    try:
        with ExitStack() as stack:
            contested = {conflict.path for conflict in changes.conflicts}
            for change in changes.changes:
                drafts.add(stack, change, keep_old=change.path in contested)
            drafts.put()
    except BaseException:
        drafts.undo()
        raise
    return tuple(change.path for change in changes.changes if change.new is not None)


class _Drafts:
    """New content that waits beside the files it is for, and what was made for its sake."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.waiting: list[tuple[Folder, str, str]] = []
        self.gone: list[tuple[Folder, str]] = []
        self.made: list[str] = []
        self.left: list[str] = []

    def add(self, stack: ExitStack, change: Change, *, keep_old: bool) -> None:
        """Write what a change needs beside its file."""
        if change.new is not None:
            self.made += _missing_folders(self.project, change.path)
        with writing((self.project / change.path).parent):
            way = held_inside(self.project, change.path, make=change.new is not None)
            folder, name = stack.enter_context(way)
            if change.new is None:
                self.gone.append((folder, name))
                self.left += _group_folder(change.path)
                return
            # Until all is put in place a failure takes every draft away again.
            if keep_old and change.old is not None:
                kept = _free_name(folder, name)
                self._draft(stack, folder, kept, change.old)
            self._draft(stack, folder, name, change.new)

    def _draft(self, stack: ExitStack, folder: Folder, name: str, content: bytes) -> None:
        draft = folder.draft(name, content)
        stack.callback(folder.remove, draft)
        self.waiting.append((folder, draft, name))

    def put(self) -> None:
        """Let the drafts take their files' places, and remove what is to go."""
        for folder, draft, name in self.waiting:
            with writing(folder.path):
                folder.put(draft, name)
        for folder, name in self.gone:
            with writing(folder.path):
                folder.remove(name)
        for relative in dict.fromkeys(self.left):
            with suppress(OSError, FileError), held_inside(self.project, relative) as (outer, name):
                outer.remove_empty(name)

    def undo(self) -> None:
        """Remove the folders that were made, deepest first, unless something lies in them."""
        for relative in reversed(self.made):
            with suppress(OSError, FileError), held_inside(self.project, relative) as (outer, name):
                outer.remove_empty(name)


def _group_folder(path: str) -> list[str]:
    """Return the folder of a configuration that clients offer as a choice; [] for another file."""
    folder, _, name = path.rpartition("/")
    return [folder] if name == "devcontainer.json" and "/" in folder else []


def _missing_folders(project: Path, relative: str) -> list[str]:
    """Return the folders of a project file that are not there yet, outermost first."""
    parents = [str(parent) for parent in reversed(PurePosixPath(relative).parents[:-1])]
    return [parent for parent in parents if not os.path.lexists(project / parent)]


def _refuse_unwritable(project: Path, changes: Changes) -> None:
    """Raise before anything is written, if any of the folders cannot be."""
    for folder in {confined(project, change.path).parent for change in changes.changes}:
        there = next(f for f in (folder, *folder.parents) if f.exists())
        if not os.access(there, os.W_OK | os.X_OK):
            raise unwritable(OSError(errno.EACCES, os.strerror(errno.EACCES)), there)


def refuse_unwritable(folder: Path, hint: str = _ELSEWHERE) -> None:
    """Raise if a folder cannot be written: asked before long work whose result goes there.

    Raises
    ------
    FileError
        It cannot, or there is none.
    """
    # Permissions alone do not tell: root has all, and a disk may be read-only.
    with writing(folder, hint), held(folder) as there:
        there.remove(there.draft("devbox", b""))


@contextmanager
def writing(folder: Path, hint: str = _ELSEWHERE) -> Iterator[None]:
    """Raise the user's error for what a write into a folder fails with.

    Raises
    ------
    ReadOnlyError
        The folder cannot be written.
    FileError
        Its disk is full.
    """
    try:
        yield
    except OSError as error:
        raise unwritable(error, folder, hint) from error


def unwritable(error: OSError, folder: Path, hint: str = _ELSEWHERE) -> FileError:
    """Return the error of the user's that a failed write into a folder is."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return FileError(f"The disk is full: `{folder}`", hint="jupyter devbox prune")
    message = f"This folder cannot be written ({error.strerror}): `{folder}`"
    return ReadOnlyError(message, hint=hint)


def atomic_write(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Replace a file's content so that a reader, or a crash, sees the old or the new whole.

    The file keeps its mode; a new one gets `mode`, less what the process's umask takes away.
    """
    with held(path.parent) as folder:
        folder.write(path.name, content, mode)


def _free_name(folder: Folder, name: str) -> str:
    candidate = f"{name}.yours"
    number = 2
    while folder.has(candidate):
        candidate = f"{name}.yours-{number}"
        number += 1
    return candidate
