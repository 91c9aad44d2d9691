"""`jupyter devbox shell`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from traitlets import Unicode

from jupyter_devbox.cli.verb import ALIASES, Verb
from jupyter_devbox.errors import UsageError
from jupyter_devbox.spec.box import TARGETS, Box
from jupyter_devbox.spec.groups import ONLY, check_group
from jupyter_devbox.view.units import clean
from jupyter_devbox.workflow.capturing import check_notebook
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.shell import open_shell


class ShellVerb(Verb):
    """Open a shell in the project's box, as its user, in this folder."""

    name = "jupyter-devbox-shell"
    description = __doc__
    examples = "jupyter devbox shell\n    jupyter devbox shell train.ipynb --target cuda"
    most_arguments = 1
    target = Unicode(help="cpu or cuda; by default the first of them that there is.").tag(
        config=True
    )
    group = Unicode(help="Which of a split project's environments; or name a notebook.").tag(
        config=True
    )
    aliases = {**ALIASES, "target": "ShellVerb.target", "group": "ShellVerb.group"}

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Open the shell; its exit code is the verb's."""
        if self.target not in {"", *TARGETS}:
            message = f"There is no box for this target: `{self.target}`"
            raise UsageError(message, hint="--target cpu or --target cuda")
        if self.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
            message = "A shell needs a terminal, and its output is no JSON"
            hint = "run it in a terminal; jupyter devbox run NOTEBOOK.ipynb needs none"
            raise UsageError(message, hint=hint)
        notebook = check_notebook(self.one_notebook()) if self.extra_args else None
        folder = notebook.parent if notebook else Path.cwd()
        project = self.find_project(context, folder)
        code = open_shell(
            context,
            project,
            folder,
            notebook=notebook,
            group=check_group(self.group) if self.group else ONLY,
            target=self.target or None,
            on_open=self._announce,
        )
        return code, {}

    def _announce(self, box: Box) -> None:
        place = clean(f"{box.workspace} is {box.project}")
        print(f"In the box {clean(box.name)}: {place}. exit leaves it.", file=sys.stderr)
