"""`jupyter devbox sync`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traitlets import Bool

from jupyter_devbox.cli.making import CANCELLED, MakingVerb, with_progress, would_change
from jupyter_devbox.spec.environment import Target
from jupyter_devbox.view import syncing as words
from jupyter_devbox.view import wording
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.syncing import SyncRequest, SyncResult, sync


class SyncVerb(MakingVerb):
    """Put what was installed in the running box into the project's files and image."""

    name = "jupyter-devbox-sync"
    description = __doc__
    examples = "jupyter devbox sync\njupyter devbox sync --diff\njupyter devbox sync --no-build"
    yes = Bool(default_value=False, help="Take the lock's versions where they differ.").tag(
        config=True
    )
    flags = {
        **MakingVerb.flags,
        "yes": ({"SyncVerb": {"yes": True}}, "Take the lock's versions where they differ."),
    }

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Sync, drawing progress on standard error."""
        request = SyncRequest(
            project=self.find_project(context),
            build=self.builds,
            dry_run=self.dry,
            yes=self.yes,
        )
        targets: tuple[Target, ...] = ("cpu",)
        result = with_progress(
            lambda view, cancel: sync(context, request, view, cancel), targets, build=request.build
        )
        if result is None:
            return CANCELLED
        self.say(*self._lines(result))
        return 0, result.to_json()

    def _lines(self, result: SyncResult) -> list[str]:
        seen = words.in_the_box(result)
        if self.dry:
            return [*seen, *would_change(result.made.changes, diff=self.diff)]
        if not result.made.files and not result.made.built:
            return [*seen, *words.synced(result)]
        return [*seen, "", *wording.ready(result.made), *words.synced(result)]
