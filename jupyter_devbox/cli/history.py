"""`jupyter devbox history`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_devbox.cli.verb import Verb
from jupyter_devbox.view.units import count, hand_package
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.history import BoxHistory, history
from jupyter_devbox.workflow.names import environment_key


class HistoryVerb(Verb):
    """Offer what was done in the running box by hand as lines for the Dockerfile."""

    name = "jupyter-devbox-history"
    description = __doc__

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Show it; nothing is changed."""
        project = self.find_project(context)
        found = history(context, project)
        for one in found:
            self.say(*_lines(one))
        return 0, {"project": str(project.root), "boxes": [one.to_json() for one in found]}


def _lines(one: BoxHistory) -> list[str]:
    which = environment_key(one.box.target, one.box.group)
    head = f"Box {one.box.id[:12]} ({which})"
    hidden = (
        [f"! {count(one.typed.secret, 'command')} left out: they may hold a secret"]
        if one.typed.secret
        else []
    )
    hidden += [
        f"! {hand_package(package)} came from an address, and is left out"
        for package in one.new.left_out
    ]
    offered = one.lines()
    if not offered:
        return [f"{head}: nothing was done by hand that its image would need.", *hidden]
    synced = bool(one.new.wanted or one.new.drop or one.new.apt)
    return [
        f"{head}: what was done by hand, as lines for the end of .devcontainer/Dockerfile:",
        "",
        *(f"  {line}" for line in offered),
        "",
        *hidden,
        "Nothing was changed. Look at them before you copy any.",
        *(["Next: jupyter devbox sync puts the packages into the image"] if synced else []),
    ]
