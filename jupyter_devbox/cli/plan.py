"""`jupyter devbox plan NOTEBOOK…`."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from jupyter_devbox.cli.options import PlanVerb
from jupyter_devbox.view import wording
from jupyter_devbox.view.units import about
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.proposing import propose


class PlanningVerb(PlanVerb):
    """Say what would be decided, and why; changes nothing."""

    name = "jupyter-devbox-plan"
    description = __doc__
    examples = "jupyter devbox plan analysis.ipynb"

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Plan and lock, and show every decision with its reason."""
        proposal = propose(context, self.request(build=False, dry_run=True))
        spec = proposal.plan.spec
        self.say(f"Project {proposal.project.root} ({proposal.project.reason})")
        for snapshot in proposal.snapshots:
            self.say(wording.uses(snapshot))
        width = max((len(d.choice) for d in spec.decisions), default=0)
        for decision in spec.decisions:
            lead = f"  {decision.choice:<{min(width, 34)}}  "
            lines = textwrap.wrap(decision.reason, max(40, 100 - len(lead))) or [""]
            self.say(lead + lines[0], *(" " * len(lead) + line for line in lines[1:]))
        self.say(
            f"{len(proposal.plan.lock.packages)} packages in the lock, "
            f"image about {about(spec.estimated_bytes)} on disk."
        )
        return 0, {**spec.to_json(), "project": str(proposal.project.root)}
