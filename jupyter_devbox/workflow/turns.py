"""One `containerize` of a project at a time: who comes second follows the first, then goes on.

The first writes its phases into a journal beside its lock, in our own data folder. The second
shows them as they come; once the first has ended it plans for itself, and finds its files written
and its image built. What it plans from, it reads then: facts of before would undo what others
have written meanwhile.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from io import RawIOBase
from pathlib import Path
from tempfile import TemporaryFile

from filelock import FileLock, Timeout

from jupyter_devbox.errors import BuildCancelledError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.writer import DATA_ELSEWHERE, writing
from jupyter_devbox.spec.events import PhaseEvent
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.names import project_key
from jupyter_devbox.workflow.requests import Event, Joined

ROOM = 256 * 1024
"""Bytes that must be free in the data folder: notes of a containerize, and a short build's log."""

_LOOK = 0.2
OnEvent = Callable[[Event], None]


@contextmanager
def turn(
    context: Context,
    project: Project,
    on_event: OnEvent,
    cancel: threading.Event,
    *,
    dry_run: bool = False,
) -> Iterator[OnEvent]:
    """Wait until nobody else makes the project's environment; yield what events go to.

    Parameters
    ----------
    dry_run
        Whether nothing will be written: who only looks waits for nobody.

    Raises
    ------
    FileError
        Jupyter's data folder cannot be written: nothing was begun.
    BuildCancelledError
        `cancel` was set while another one was at work, which goes on.
    """
    if dry_run:
        yield on_event
        return
    folder = context.data / "turns"
    with writing(folder, DATA_ELSEWHERE):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stem = project_key(project)
    lock, journal = FileLock(folder / f"{stem}.lock"), folder / f"{stem}.jsonl"
    with writing(folder, DATA_ELSEWHERE):
        # What is written into the project is noted here: that must not be what fails.
        with TemporaryFile(dir=folder) as room:
            room.write(bytes(ROOM))
        free = _taken(lock)
    if not free:
        on_event(Joined(project=project))
        _follow(lock, journal, on_event, cancel)
    try:
        with writing(folder, DATA_ELSEWHERE):
            file = journal.open("wb", buffering=0)
        with file:
            yield _noting(file, on_event)
    finally:
        lock.release()


def _taken(lock: FileLock) -> bool:
    """Take the lock if it is free."""
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True


def _noting(journal: RawIOBase, on_event: OnEvent) -> OnEvent:
    """Return a listener that also writes phases down for those who follow.

    A disk that fills up costs them the rest of the journal, and the work nothing.
    """
    whole = True

    def note(event: Event) -> None:
        nonlocal whole
        if whole and isinstance(event, PhaseEvent):
            line = json.dumps(asdict(event)).encode() + b"\n"
            try:
                whole = journal.write(line) == len(line)
            except OSError:
                whole = False
        on_event(event)

    return note


def _follow(lock: FileLock, journal: Path, on_event: OnEvent, cancel: threading.Event) -> None:
    """Tell what the holder of the lock does, until it has ended and the lock is ours."""
    seen = 0
    while not _taken(lock):
        if cancel.wait(_LOOK):
            message = "Cancelled. The containerize that this one followed goes on"
            raise BuildCancelledError(message, hint="%containerize follows it again")
        lines = _lines(journal)
        if len(lines) < seen:  # the next one's turn: it began its journal anew
            seen = 0
        for line in lines[seen:]:
            on_event(PhaseEvent(**json.loads(line)))
        seen = len(lines)


def _lines(journal: Path) -> list[str]:
    """Return the whole lines that are written so far."""
    try:
        text = journal.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return text.split("\n")[:-1]
