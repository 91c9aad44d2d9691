"""`jupyter devbox apt install`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from traitlets import Bool

from jupyter_devbox.cli.making import CANCELLED, MakingVerb, with_progress, would_change
from jupyter_devbox.errors import UsageError
from jupyter_devbox.spec.names import check_apt_name
from jupyter_devbox.view import wording
from jupyter_devbox.workflow.adding import AddRequest
from jupyter_devbox.workflow.apt import install_apt, plan_apt, root_commands
from jupyter_devbox.workflow.context import Context


class AptVerb(MakingVerb):
    """Install Debian packages: in the running box now, and in the image."""

    name = "jupyter-devbox-apt"
    description = __doc__
    examples = "jupyter devbox apt install ffmpeg\njupyter devbox apt install ffmpeg --yes"
    yes = Bool(default_value=False, help="Run apt-get as root in the box.").tag(config=True)
    most_arguments = 50
    flags = {
        **MakingVerb.flags,
        "yes": ({"AptVerb": {"yes": True}}, "Run apt-get as root in the box."),
    }

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Install on --yes; without it, show what would be done, and stop."""
        action, *names = self.extra_args or [""]
        if action != "install" or not names:
            message = "jupyter devbox apt takes install, and the names of Debian packages"
            raise UsageError(message, hint="jupyter devbox apt install NAME")
        request = AddRequest(
            project=self.find_project(context),
            names=tuple(dict.fromkeys(check_apt_name(name) for name in names)),
            build=self.builds,
            dry_run=self.dry,
        )
        if self.dry:
            plan = plan_apt(context, request)
            self.say(*root_commands(request.project, request.names))
            self.say(*would_change(plan.changes, diff=self.diff))
            return 0, {**plan.to_json(), "installed": []}
        if not self.yes:
            (command,) = root_commands(request.project, request.names)
            message = f"This waits for your word: `{command}`"
            hint = f"jupyter devbox apt install {shlex.join(request.names)} --yes"
            raise UsageError(message, hint=hint)
        result = with_progress(
            lambda view, cancel: install_apt(context, request, view, cancel),
            ("cpu",),
            build=request.build,
        )
        if result is None:
            return CANCELLED
        self.say("", *wording.ready(result), "The running box has it already.")
        return 0, {**result.to_json(), "installed": list(request.names)}
