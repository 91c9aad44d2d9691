"""`jupyter devbox build`."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from traitlets import Enum

from jupyter_devbox.cli.verb import ALIASES, Verb
from jupyter_devbox.errors import FileError
from jupyter_devbox.spec.box import TARGETS
from jupyter_devbox.spec.target_files import target_files
from jupyter_devbox.spec.written import FOLDER
from jupyter_devbox.view.progress import Progress
from jupyter_devbox.view.terminal import terminal_view
from jupyter_devbox.view.units import size
from jupyter_devbox.view.wording import without
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.groups import group_names
from jupyter_devbox.workflow.making import make_box_kernel
from jupyter_devbox.workflow.turns import turn


class BuildVerb(Verb):
    """Build the image of the project's files as they stand, and register its kernel.

    Of a split project those of all groups.
    """

    name = "jupyter-devbox-build"
    description = __doc__
    target = Enum(TARGETS, "cpu", help="cpu or cuda.").tag(config=True)
    aliases = {**ALIASES, "target": "BuildVerb.target"}

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Build, drawing progress on standard error."""
        project = self.find_project(context)
        groups = group_names(project)
        locks = (target_files(self.target, group).rest for group in groups)
        wanted = ("Dockerfile", *locks)
        missing = [name for name in wanted if not (project.root / FOLDER / name).is_file()]
        if missing:
            message = f"There is no {FOLDER}/{missing[0]} in: `{project.root}`"
            also = "" if self.target == "cpu" else f" --target {self.target}"
            hint = f"jupyter devbox containerize NOTEBOOK.ipynb{also}"
            raise FileError(message, hint=hint)
        engine = context.connect()
        progress = Progress(
            ("Base image", "System packages", "Python packages", "Finish image", "Add kernel")
        )
        cancel = threading.Event()
        with terminal_view(progress) as view, turn(context, project, view, cancel) as tell:
            done = [
                make_box_kernel(
                    context, project, engine, tell, cancel, target=self.target, group=group
                )
                for group in groups
            ]
        left_out = list(dict.fromkeys(line for made in done for line in made.left_out))
        for made in done:
            state = "is ready" if made.built else "is up to date"
            amount = f": {size(made.image.size)}" if made.image else ""
            self.say(f"{made.kernel.display_name} {state}{amount}.")
        for line in without(left_out):
            self.say(line)
        image = done[0].image
        return 0, {
            "project": str(project.root),
            "image": image.id if image else None,
            "kernels": [{"name": made.kernel.name, "target": made.kernel.target} for made in done],
            "built": any(made.built for made in done),
            "left_out": left_out,
        }
