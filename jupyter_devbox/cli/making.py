"""What verbs share that change the environment: progress while it goes on, and what would be."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from jupyter_devbox.errors import INTERRUPTED_EXIT_CODE, BuildCancelledError
from jupyter_devbox.files.writer import Changes
from jupyter_devbox.spec.environment import Target
from jupyter_devbox.view.progress import Progress, phases_for
from jupyter_devbox.view.terminal import terminal_view
from jupyter_devbox.workflow.requests import Event

Result = TypeVar("Result")
Work = Callable[[Callable[[Event], None], threading.Event], Result]
CANCELLED: tuple[int, Mapping[str, Any]] = (
    INTERRUPTED_EXIT_CODE,
    {"error": {"code": "cancelled"}},
)


def with_progress(work: Work[Result], targets: tuple[Target, ...], *, build: bool) -> Result | None:
    """Return what the work gives, drawing progress on standard error; None if it was interrupted.

    Then it was said how to go on.
    """
    progress = Progress(phases_for(targets, build=build))
    cancel = threading.Event()
    try:
        with terminal_view(progress) as view:
            return work(view, cancel)
    except (KeyboardInterrupt, BuildCancelledError):
        cancel.set()
        where = f" at {progress.current}" if progress.current else ""
        print(
            f"Stopped{where}. The finished steps are kept: running it again\ngoes on from there.",
            file=sys.stderr,
        )
        return None


def would_change(changes: Changes, *, diff: bool) -> Iterable[str]:
    """Yield what writing would change: a line a file, or with `diff` all of it; and conflicts."""
    if not changes.changes:
        yield "Nothing would be written: the files are up to date."
    for change in changes.changes:
        if diff:
            yield from change.diff()
        else:
            verb = "remove" if change.new is None else "write" if change.old is None else "change"
            yield f"would {verb} {change.path}"
    for conflict in changes.conflicts:
        yield ""
        yield f"{conflict.path}: {conflict.place} and the plan disagree"
        yield from conflict.diff()
