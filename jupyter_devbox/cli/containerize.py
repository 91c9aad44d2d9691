"""`jupyter devbox containerize NOTEBOOK…`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from traitlets import Bool, Unicode

from jupyter_devbox.cli.making import CANCELLED, with_progress, would_change
from jupyter_devbox.cli.options import PlanVerb
from jupyter_devbox.view import wording
from jupyter_devbox.workflow.containerize import containerize
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.requests import ContainerizeRequest


class ContainerizeVerb(PlanVerb):
    """Make the environment of notebooks: files, image, kernels."""

    name = "jupyter-devbox-containerize"
    description = __doc__
    examples = """
    jupyter devbox containerize analysis.ipynb
    jupyter devbox containerize analysis.ipynb --include lxml --apt ffmpeg
    jupyter devbox containerize analysis.ipynb --target venv
    jupyter devbox containerize analysis.ipynb --binder --no-build
    jupyter devbox containerize train.ipynb plots.ipynb --split
    jupyter devbox containerize analysis.ipynb --diff
    """
    notebook = Unicode(help="The notebook, where its path is no argument.").tag(config=True)
    no_build = Bool(default_value=False, help="Write the files and stop.").tag(config=True)
    dry_run = Bool(default_value=False, help="Write nothing; say what would be done.").tag(
        config=True
    )
    diff = Bool(default_value=False, help="Like --dry-run, with the changes as a diff.").tag(
        config=True
    )
    aliases = {**PlanVerb.aliases, "notebook": "ContainerizeVerb.notebook"}
    flags = {
        **PlanVerb.flags,
        "no-build": ({"ContainerizeVerb": {"no_build": True}}, "Write the files and stop."),
        "dry-run": ({"ContainerizeVerb": {"dry_run": True}}, "Write nothing."),
        "diff": ({"ContainerizeVerb": {"diff": True}}, "Write nothing; show the changes."),
    }

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Containerize, drawing progress on standard error and the end on standard output."""
        request = self.whole_request()
        result = with_progress(
            lambda view, cancel: containerize(context, request, view, cancel),
            request.targets,
            build=request.build,
        )
        if result is None:
            return CANCELLED
        if request.dry_run:
            self.say(*would_change(result.changes, diff=self.diff))
        else:
            steps = wording.next_steps(result)
            self.say("", *wording.ready(result), *([""] if steps else []), *steps)
        return 0, result.to_json()

    def notebooks(self) -> tuple[Path, ...]:
        """Return the paths given as arguments, or by --notebook."""
        named = (Path(self.notebook),) if self.notebook else ()
        return (*named, *super().notebooks())

    def command(self) -> str:
        """Return the command line without options, for hints."""
        notebooks = map(shlex.quote, self.extra_args or ["NOTEBOOK.ipynb"])
        return " ".join(["jupyter devbox containerize", *notebooks])

    def whole_request(self) -> ContainerizeRequest:
        """Return the request, with what is to be done; the magic parses with this too."""
        dry = self.dry_run or self.diff
        return self.request(build=not self.no_build and not dry, dry_run=dry)
