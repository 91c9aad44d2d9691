"""`jupyter devbox plan NOTEBOOK…`."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from itertools import product
from typing import Any

from jupyter_devbox.cli.options import PlanVerb
from jupyter_devbox.errors import DevboxError
from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.view import wording
from jupyter_devbox.view.units import about
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.proposing import propose


class PlanningVerb(PlanVerb):
    """Say what would be decided, and why; changes nothing."""

    name = "jupyter-devbox-plan"
    description = __doc__
    examples = """
    jupyter devbox plan analysis.ipynb
    jupyter devbox plan analysis.ipynb --target cuda --driver 550.54
    jupyter devbox plan train.ipynb plots.ipynb --split
    """

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Plan and lock, and show every decision with its reason."""
        request = self.request(build=False, dry_run=True)
        proposal = propose(context, request)
        plan = proposal.plan
        self.say(f"Project {proposal.project.root} ({proposal.project.reason})")
        for snapshot in proposal.snapshots:
            self.say(wording.uses(snapshot))
        told: list[Mapping[str, Any]] = []
        for environment, target in product(proposal.environments, request.targets):
            twin = environment.twin if target == "cuda" else None
            spec = twin.spec if twin else environment.spec
            if spec is None:  # nothing fits this machine: that is the answer
                environment.for_target(target)
                continue
            lock = twin.lock if twin else environment.lock
            self._show(spec, lock, twin.problem if twin else None)
            problem = twin.problem.to_json() if twin and twin.problem else None
            told.append({**spec.to_json(), "problem": problem})
        for line in wording.splitting(plan.savings):
            self.say(line)
        for line in wording.for_binder(plan.binder):
            self.say(line)
        for line in wording.no_room(proposal.needed_bytes, proposal.free_bytes):
            self.say(line)
        first, *others = told
        answer = {**first, "project": str(proposal.project.root), "others": others}
        if plan.groups:
            answer["groups"] = {group.name: list(group.notebooks) for group in plan.groups}
        if plan.savings:
            answer["savings"] = plan.savings.to_json()
        return 0, answer

    def _show(self, spec: EnvironmentSpec, lock: Lock | None, problem: DevboxError | None) -> None:
        """Print one target's decisions."""
        label = wording.TARGET_LABELS[spec.target]
        self.say(f"For {spec.group}, {label}:" if spec.group else f"For {label}:")
        width = max((len(d.choice) for d in spec.decisions), default=0)
        for decision in spec.decisions:
            lead = f"  {decision.choice:<{min(width, 34)}}  "
            lines = textwrap.wrap(decision.reason, max(40, 100 - len(lead))) or [""]
            self.say(lead + lines[0], *(" " * len(lead) + line for line in lines[1:]))
        if problem or lock is None:
            self.say(*(wording.failure(problem) if problem else ()))
            return
        self.say(
            f"{len(lock.packages)} packages in the lock, "
            f"image about {about(spec.estimated_bytes)} on disk."
        )
