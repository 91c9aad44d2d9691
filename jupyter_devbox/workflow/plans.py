"""A plan: a project's environments, locked, and its files as they should be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jupyter_devbox.errors import LockError, PlanError
from jupyter_devbox.plan.split import Savings
from jupyter_devbox.spec.environment import EnvironmentSpec, Target
from jupyter_devbox.spec.groups import Group, group_of
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.tree import RenderedTree
from jupyter_devbox.workflow.binder import BinderPlan

Locked = tuple[EnvironmentSpec, Lock]


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """An environment's CUDA twin.

    Parameters
    ----------
    spec
        None where nothing fits; what cannot be had is in `problem`.
    lock
        None where it could not be locked.
    """

    spec: EnvironmentSpec | None = None
    lock: Lock | None = None
    problem: PlanError | LockError | None = None

    @property
    def locked(self) -> Locked | None:
        """What it is made from, if it can be had."""
        return (self.spec, self.lock) if self.spec and self.lock else None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentPlan:
    """One environment with its lock; `existing` is what its files say, `twin` None for none."""

    spec: EnvironmentSpec
    lock: Lock
    existing: ExistingEnvironment
    twin: Twin | None = None

    def for_target(self, target: Target) -> Locked:
        """Return what a target is made from.

        Raises
        ------
        PlanError, LockError
            It cannot be had.
        """
        if target != "cuda":
            return self.spec, self.lock
        found = self.twin.locked if self.twin else None
        if found is None:
            raise (self.twin and self.twin.problem) or PlanError("Nothing was planned for CUDA")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A project's environments and its files; `binder` is None for none.

    Parameters
    ----------
    environments
        One a group; of a project that is not split the only one.
    groups
        Those of a split project; else ().
    savings
        What splitting saves, where the user asks for it now; else None.
    """

    environments: tuple[EnvironmentPlan, ...]
    tree: RenderedTree
    options: ProjectOptions
    groups: tuple[Group, ...] = ()
    binder: BinderPlan | None = None
    savings: Savings | None = None

    def wanted(self, notebooks: Iterable[str], *, every: bool) -> tuple[EnvironmentPlan, ...]:
        """Return what is made for some notebooks: their environments first.

        Parameters
        ----------
        every
            Whether the others follow; they do, too, where no notebook has one.
        """
        names = {group_of(self.groups, notebook) for notebook in notebooks}
        theirs = tuple(e for e in self.environments if e.spec.group in names)
        others = tuple(e for e in self.environments if e not in theirs)
        return (*theirs, *others) if every or not theirs else theirs
