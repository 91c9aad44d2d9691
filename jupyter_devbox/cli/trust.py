"""`jupyter devbox trust`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from traitlets import Bool, List, Unicode

from jupyter_devbox.cli.verb import ALIASES, FLAGS, Verb
from jupyter_devbox.errors import UntrustedProjectError
from jupyter_devbox.view import trust as words
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.trusting import Review, approve, review


class TrustVerb(Verb):
    """Show what the project builds and asks for, and approve it on this machine."""

    name = "jupyter-devbox-trust"
    description = __doc__
    examples = """
    jupyter devbox trust
    jupyter devbox trust --approve
    jupyter devbox trust --approve --allow 3f2a91
    jupyter devbox trust --forget
    """
    approve = Bool(default_value=False, help="Approve the files as they are shown.").tag(
        config=True
    )
    forget = Bool(default_value=False, help="Withdraw all that was approved.").tag(config=True)
    allow = List(Unicode(), help="Allow one thing that it asks for, by its id.").tag(config=True)
    flags = {
        **FLAGS,
        "approve": ({"TrustVerb": {"approve": True}}, "Approve the files as they are shown."),
        "forget": ({"TrustVerb": {"forget": True}}, "Withdraw all that was approved."),
    }
    aliases = {**ALIASES, "allow": "TrustVerb.allow"}

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Show, and approve what is named; the exit code says whether a build would be stopped."""
        project = self.find_project(context)
        if self.forget and (self.approve or self.allow):
            self.fail_usage("--forget goes alone")
        if self.forget:
            known = context.approvals.forget(str(project.root))
            self.say("Withdrawn." if known else "Nothing of this project was approved.")
        seen = review(context, project.root)
        if not self.forget:
            self.say(*words.files(seen))
        if self.approve or self.allow:
            approve(context, seen, files=self.approve, allow=self.allow)
            seen = review(context, project.root)
        if not self.forget:
            self.say(*words.findings(seen), *words.next_steps(seen, self._command()))
        code = 0 if seen.approved or self.forget else UntrustedProjectError.exit_code
        return code, _to_json(seen)

    def _command(self) -> str:
        chosen = f" --project {shlex.quote(self.project)}" if self.project else ""
        return f"jupyter devbox trust{chosen}"


def _to_json(seen: Review) -> dict[str, Any]:
    return {
        "project": str(seen.root),
        "approved": seen.approved,
        "files": [
            {"path": f.path, "state": f.state, "sha256": f.sha256, "diff": list(f.diff)}
            for f in seen.files
        ],
        "findings": [
            {
                "id": seen.short(f),
                "key": f.place,
                "file": f.file,
                "value": f.value,
                "says": f.says,
                "taken": f.optional,
                "needed": f in seen.blocking,
                "allowed": allowed,
            }
            for f, allowed in seen.findings
        ],
    }
