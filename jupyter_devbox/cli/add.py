"""`jupyter devbox add` and `jupyter devbox remove`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from jupyter_devbox.cli.making import CANCELLED, MakingVerb, with_progress, would_change
from jupyter_devbox.view import wording
from jupyter_devbox.view.syncing import changed
from jupyter_devbox.workflow import adding
from jupyter_devbox.workflow.adding import AddRequest
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.requests import ContainerizeResult, Event

OnEvent = Callable[[Event], None]


class _ChangeVerb(MakingVerb):
    """A verb that takes packages' names."""

    most_arguments = 100
    key: ClassVar[str]

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Change requirements.in, drawing progress on standard error."""
        if not self.extra_args:
            self.fail_usage(f"{self.title()} takes a package's name")
        request = AddRequest(
            project=self.find_project(context),
            names=tuple(self.extra_args),
            build=self.builds,
            dry_run=self.dry,
        )
        result = with_progress(
            lambda view, cancel: self.change(context, request, view, cancel),
            ("cpu",),
            build=request.build,
        )
        if result is None:
            return CANCELLED
        if self.dry:
            self.say(*would_change(result.changes, diff=self.diff))
        else:
            self.say("", *wording.ready(result), *changed(result))
        return 0, {**result.to_json(), self.key: list(request.names)}

    def change(
        self, context: Context, request: AddRequest, on_event: OnEvent, cancel: threading.Event
    ) -> ContainerizeResult:
        """Do it."""
        raise NotImplementedError


class AddVerb(_ChangeVerb):
    """Add packages to the project's environment: pin, lock, build."""

    name = "jupyter-devbox-add"
    description = __doc__
    examples = "jupyter devbox add seaborn\njupyter devbox add 'numpy<2' lxml --no-build"
    key = "added"

    def change(
        self, context: Context, request: AddRequest, on_event: OnEvent, cancel: threading.Event
    ) -> ContainerizeResult:
        """Add them."""
        return adding.add(context, request, on_event, cancel)


class RemoveVerb(_ChangeVerb):
    """Take packages out of the project's environment: lock again, build."""

    name = "jupyter-devbox-remove"
    description = __doc__
    examples = "jupyter devbox remove seaborn"
    key = "removed"

    def change(
        self, context: Context, request: AddRequest, on_event: OnEvent, cancel: threading.Event
    ) -> ContainerizeResult:
        """Remove them."""
        return adding.remove(context, request, on_event, cancel)
