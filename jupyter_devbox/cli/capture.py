"""`jupyter devbox capture NOTEBOOK`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_devbox.cli.verb import Verb
from jupyter_devbox.view import wording
from jupyter_devbox.workflow.api import capture
from jupyter_devbox.workflow.context import Context


class CaptureVerb(Verb):
    """Say what a notebook uses; changes nothing."""

    name = "jupyter-devbox-capture"
    description = __doc__
    examples = "jupyter devbox capture analysis.ipynb --json"
    most_arguments = 1

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:  # noqa: ARG002
        """Capture one notebook."""
        snapshot = capture(self.one_notebook(), project=self.chosen())
        self.say(wording.uses(snapshot))
        for requirement in snapshot.requirements:
            version = requirement.version or requirement.specifier or "any version"
            detail = ", ".join(requirement.imports) or "installed by the notebook"
            self.say(f"  {requirement.name:<24} {version:<14} {requirement.reason}: {detail}")
        for apt in snapshot.apt:
            self.say(f"  {apt.name:<24} {'apt':<14} {apt.reason} {apt.detail}".rstrip())
        for module in snapshot.local_modules:
            self.say(f"  {module.name:<24} {'your own':<14} {module.path}")
        for line in wording.not_found(snapshot, "containerize it with", ""):
            self.say(line)
        for warning in snapshot.warnings:
            where = f"cell {warning.cell}: " if warning.cell else ""
            self.say(f"! {where}{warning.message}")
        return 0, snapshot.to_json()
