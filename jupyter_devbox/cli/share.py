"""`jupyter devbox share`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_devbox.cli.verb import Verb
from jupyter_devbox.view.sharing import links
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.sharing import sharing


class ShareVerb(Verb):
    """Show the links and badges that open the project in VS Code, Codespaces, DevPod and Binder.

    Each only where it can work, with the reason where it can't, and with what does the same from a
    terminal. Nothing is sent anywhere: whether a commit is pushed is what Git last heard.
    """

    name = "jupyter-devbox-share"
    description = __doc__

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Show how the project can be opened elsewhere."""
        found = sharing(self.find_project(context))
        self.say(*links(found))
        return 0, found.to_json()
