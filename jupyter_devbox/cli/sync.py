"""`jupyter devbox sync`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traitlets import Bool

from jupyter_devbox.cli.making import CANCELLED, with_progress, would_change
from jupyter_devbox.cli.verb import ALIASES, FLAGS, Verb
from jupyter_devbox.spec.environment import Target
from jupyter_devbox.view import syncing as words
from jupyter_devbox.view import wording
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.syncing import SyncRequest, SyncResult, sync


class SyncVerb(Verb):
    """Put what was installed in the running box into the project's files and image."""

    name = "jupyter-devbox-sync"
    description = __doc__
    examples = "jupyter devbox sync\njupyter devbox sync --diff\njupyter devbox sync --no-build"
    no_build = Bool(default_value=False, help="Write the files and stop.").tag(config=True)
    dry_run = Bool(default_value=False, help="Write nothing; say what would be done.").tag(
        config=True
    )
    diff = Bool(default_value=False, help="Like --dry-run, with the changes as a diff.").tag(
        config=True
    )
    yes = Bool(default_value=False, help="Take the lock's versions where they differ.").tag(
        config=True
    )
    flags = {
        **FLAGS,
        "no-build": ({"SyncVerb": {"no_build": True}}, "Write the files and stop."),
        "dry-run": ({"SyncVerb": {"dry_run": True}}, "Write nothing."),
        "diff": ({"SyncVerb": {"diff": True}}, "Write nothing; show the changes."),
        "yes": ({"SyncVerb": {"yes": True}}, "Take the lock's versions where they differ."),
    }
    aliases = dict(ALIASES)

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Sync, drawing progress on standard error."""
        dry = self.dry_run or self.diff
        request = SyncRequest(
            project=self.find_project(context),
            build=not self.no_build and not dry,
            dry_run=dry,
            yes=self.yes,
        )
        targets: tuple[Target, ...] = ("cpu",)
        result = with_progress(
            lambda view, cancel: sync(context, request, view, cancel), targets, build=request.build
        )
        if result is None:
            return CANCELLED
        self.say(*self._lines(result, dry=dry))
        return 0, result.to_json()

    def _lines(self, result: SyncResult, *, dry: bool) -> list[str]:
        seen = words.in_the_box(result)
        if dry:
            return [*seen, *would_change(result.made.changes, diff=self.diff)]
        if not result.made.files and not result.made.built:
            return [*seen, *words.synced(result)]
        return [*seen, "", *wording.ready(result.made), *words.synced(result)]
