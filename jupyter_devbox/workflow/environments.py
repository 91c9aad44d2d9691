"""Plan and lock one environment, and its CUDA twin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_devbox.errors import LockError, PlanError
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.lock import dependents, lock_environment
from jupyter_devbox.plan.cuda import doubles, say_doubles
from jupyter_devbox.plan.estimate import estimate_bytes
from jupyter_devbox.plan.planner import PlanInputs, pinned, plan
from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.gpu import GpuHost
from jupyter_devbox.spec.project import ExistingEnvironment
from jupyter_devbox.workflow.plans import EnvironmentPlan, Locked, Twin


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentPlanner:
    """What all environments of a project are planned from.

    Parameters
    ----------
    index
        Variables by which uv finds this machine's index, credentials included.
    host
        Driver and cards of the machine that twins are for; None plans none.
    trusted
        Whether anything that the project's files name may be built here, to read what it needs.
    """

    root: Path
    inputs: PlanInputs
    index: Mapping[str, str]
    host: GpuHost | None = None
    trusted: bool = False

    def locked(self, existing: ExistingEnvironment) -> Locked:
        """Return an environment for the CPU with its lock.

        Raises
        ------
        PlanError, LockError
            What cannot be decided or resolved.
        """
        return self._locked(plan(replace(self.inputs, existing=existing)), existing)

    def _locked(self, spec: EnvironmentSpec, existing: ExistingEnvironment) -> Locked:
        """Return an environment with its lock, its pins those of the lock."""
        lock = lock_environment(spec, existing, self.index, trusted=self.trusted)
        known = self.inputs.catalogue
        if known and (twice := doubles({p.name for p in lock.packages}, known)):
            said = say_doubles(twice, spec.requirements, dependents(spec, lock, self.index))
            lock = replace(lock, decisions=(*lock.decisions, *said))
        spec = pinned(spec, lock)
        return replace(spec, estimated_bytes=estimate_bytes(spec, lock)), lock

    def environment(self, existing: ExistingEnvironment) -> EnvironmentPlan:
        """Return an environment as far as it can be had here; raises as `locked`."""
        spec, lock = self.locked(existing)
        twin = None
        if self.host:
            twin = self._twin(replace(self.inputs, existing=existing, host=self.host))
        return EnvironmentPlan(spec=spec, lock=lock, existing=existing, twin=twin)

    def _twin(self, inputs: PlanInputs) -> Twin:
        """Return the CUDA environment as far as it can be had here."""
        own = read_environment(self.root, "cuda", inputs.group)
        inputs = replace(inputs, target="cuda", twin_lines=own.requirements)
        try:
            spec = plan(inputs)
        except PlanError as problem:
            return Twin(problem=problem)
        try:
            spec, lock = self._locked(spec, own)
        except LockError as problem:
            return Twin(spec=spec, problem=problem)
        return Twin(spec=spec, lock=lock)
