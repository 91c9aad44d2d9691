"""What verbs share that change the environment: progress while it goes on, and what would be."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from traitlets import Bool

from jupyter_devbox.cli.verb import ALIASES, FLAGS, Verb
from jupyter_devbox.errors import INTERRUPTED_EXIT_CODE, BuildCancelledError
from jupyter_devbox.files.writer import Changes
from jupyter_devbox.spec.environment import Target
from jupyter_devbox.view.progress import Progress, phases_for
from jupyter_devbox.view.terminal import terminal_view
from jupyter_devbox.workflow.requests import Event


class MakingVerb(Verb):
    """A verb that changes the project's files and builds, unless it is told to look only."""

    no_build = Bool(default_value=False, help="Write the files and stop.").tag(config=True)
    dry_run = Bool(default_value=False, help="Write nothing; say what would be done.").tag(
        config=True
    )
    diff = Bool(default_value=False, help="Like --dry-run, with the changes as a diff.").tag(
        config=True
    )
    flags = {
        **FLAGS,
        "no-build": ({"MakingVerb": {"no_build": True}}, "Write the files and stop."),
        "dry-run": ({"MakingVerb": {"dry_run": True}}, "Write nothing."),
        "diff": ({"MakingVerb": {"diff": True}}, "Write nothing; show the changes."),
    }
    aliases = dict(ALIASES)

    @property
    def dry(self) -> bool:
        """Whether nothing is to be written."""
        return self.dry_run or self.diff

    @property
    def builds(self) -> bool:
        """Whether to go on after the files are written."""
        return not self.no_build and not self.dry


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
