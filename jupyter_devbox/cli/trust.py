"""`jupyter devbox trust`."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from traitlets import Bool, List, Unicode

from jupyter_devbox.cli.verb import ALIASES, FLAGS, Verb
from jupyter_devbox.errors import ProjectError, UntrustedProjectError
from jupyter_devbox.spec.visible import visible
from jupyter_devbox.view import trust as words
from jupyter_devbox.view.progress import Progress, phases_for
from jupyter_devbox.view.terminal import terminal_view
from jupyter_devbox.view.wording import ready
from jupyter_devbox.workflow import asking
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.trusting import Review, approve, review


class TrustVerb(Verb):
    """Show what the project and its boxes ask for, and approve it on this machine."""

    name = "jupyter-devbox-trust"
    description = __doc__
    examples = """
    jupyter devbox trust
    jupyter devbox trust --approve
    jupyter devbox trust --approve --allow 3f2a91
    jupyter devbox trust --forget
    jupyter devbox trust --accept 12ab34cd
    """
    approve = Bool(default_value=False, help="Approve the files as they are shown.").tag(
        config=True
    )
    forget = Bool(default_value=False, help="Withdraw all that was approved.").tag(config=True)
    allow = List(Unicode(), help="Allow one thing that it asks for, by its id.").tag(config=True)
    accept = Unicode(help="Do what a box asks for, by its id.").tag(config=True)
    refuse = Unicode(help="Refuse what a box asks for, by its id.").tag(config=True)
    flags = {
        **FLAGS,
        "approve": ({"TrustVerb": {"approve": True}}, "Approve the files as they are shown."),
        "forget": ({"TrustVerb": {"forget": True}}, "Withdraw all that was approved."),
    }
    aliases = {
        **ALIASES,
        **{name: f"TrustVerb.{name}" for name in ("allow", "accept", "refuse")},
    }

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Show, and approve what is named; the exit code says whether a build would be stopped."""
        kinds = (
            self.forget,
            self.approve or bool(self.allow),
            bool(self.accept),
            bool(self.refuse),
        )
        if sum(kinds) > 1:
            self.fail_usage("--forget, --accept and --refuse go alone")
        if self.accept:
            return self._accept(context)
        if self.refuse:
            refused = asking.refuse(context, self.refuse)
            self.say(f"Refused: {visible(refused.verb)} {visible(refused.notebook)}")
            return 0, {"ask": refused.id, "state": refused.state}
        waiting = asking.waiting(context)
        for line in words.asks(waiting, self._command()):
            self.say(line)
        return self._project(context, {"asks": [asdict(ask) for ask in waiting]})

    def _accept(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Containerize what a box asked for, drawing progress on standard error."""
        progress = Progress(phases_for(("cpu",), build=True))
        cancel = threading.Event()
        try:
            with terminal_view(progress) as view:
                result = asking.approve(context, self.accept, view, cancel)
        except KeyboardInterrupt:
            cancel.set()
            raise
        self.say("", *ready(result))
        return 0, result.to_json()

    def _project(
        self, context: Context, answer: Mapping[str, Any]
    ) -> tuple[int, Mapping[str, Any]]:
        try:
            project = self.find_project(context)
        except ProjectError:
            if not answer["asks"]:
                raise
            return 0, answer  # boxes of other projects ask, and were shown
        if self.forget:
            known = context.approvals.forget(str(project.root))
            self.say("Withdrawn." if known else "Nothing of this project was approved.")
            return 0, {**_to_json(review(context, project.root)), **answer}
        seen = review(context, project.root)
        self.say(*words.files(seen))
        if self.approve or self.allow:
            approve(context, seen, files=self.approve, allow=self.allow)
            seen = review(context, project.root)
        self.say(*words.findings(seen), *words.next_steps(seen, self._command()))
        code = 0 if seen.approved else UntrustedProjectError.exit_code
        return code, {**_to_json(seen), **answer}

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
