"""Plan a split project: one environment a group, what they have in common marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version

from jupyter_devbox.errors import BinderError, LockError, PlanError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.lock import share
from jupyter_devbox.plan.planner import PlanInputs
from jupyter_devbox.plan.split import Savings, savings
from jupyter_devbox.render import Member, render_split
from jupyter_devbox.run.contents import program
from jupyter_devbox.spec.container import Limits
from jupyter_devbox.spec.groups import Group
from jupyter_devbox.spec.limit_words import written
from jupyter_devbox.spec.project import ExistingEnvironment
from jupyter_devbox.spec.run_args import read_limits
from jupyter_devbox.workflow.binder import BinderPlan, binder_stays, plan_binder
from jupyter_devbox.workflow.environments import EnvironmentPlanner
from jupyter_devbox.workflow.plans import EnvironmentPlan, Locked, Plan, Twin
from jupyter_devbox.workflow.requests import ContainerizeRequest
from jupyter_devbox.workflow.splitting import refuse_beside


def plan_groups(
    planner: EnvironmentPlanner,
    request: ContainerizeRequest,
    project: Project,
    groups: tuple[Group, ...],
) -> Plan:
    """Return the plan of a project whose notebooks have environments of their own.

    Raises
    ------
    PlanError, LockError
        What cannot be decided or resolved; the message names the group.
    """
    inputs, existing = planner.inputs, planner.inputs.existing
    refuse_beside(inputs.options, existing)
    environments = _shared([_group(planner, existing, group) for group in groups])
    saved, binder = None, None
    if request.split or inputs.options.binder:
        union, problem = _union(planner, existing)
        saved = savings([(e.spec, e.lock) for e in environments], union, problem)
        if inputs.options.binder:
            binder = _binder(planner, request, project, union, saved)
    tree = render_split(
        [_member(planner, existing, environment) for environment in environments],
        groups,
        inputs.options,
        uv_version=version("uv"),
        nested=project.nested,
        run_args=existing.run_args,
        own_lines=any(line.reason == "hand" for line in existing.requirements),
        gone=[g.name for g in existing.groups if g.name not in {new.name for new in groups}],
        binder=binder.files if binder else (),
        slim=program() if inputs.options.slim else "",
    )
    return Plan(
        environments=environments,
        tree=tree,
        options=inputs.options,
        groups=groups,
        binder=binder,
        savings=saved if request.split else None,
    )


def _group(
    planner: EnvironmentPlanner, whole: ExistingEnvironment, group: Group
) -> EnvironmentPlan:
    """Return the environment of one group, from its own notebooks alone."""
    existing = read_environment(planner.root, "cpu", group.name)
    existing = replace(
        existing,
        notebooks=group.notebooks,
        # What was locked for all is a beginning, where a group has no lock of its own yet.
        locked=existing.locked or whole.locked,
        inputs=existing.inputs if existing.locked else "",
    )
    inputs: PlanInputs = replace(
        planner.inputs,
        group=group.name,
        snapshots=tuple(s for s in planner.inputs.snapshots if s.notebook in group.notebooks),
    )
    try:
        return replace(planner, inputs=inputs).environment(existing)
    except (PlanError, LockError) as error:
        error.message = f"{group.name}: {error.message}"
        raise


def _shared(environments: Sequence[EnvironmentPlan]) -> tuple[EnvironmentPlan, ...]:
    """Return the environments, twins included, with what all of them have marked as common."""
    before = environments[0].existing.common
    twins = [e.twin.locked if e.twin else None for e in environments]
    locks = [e.lock for e in environments] + [twin[1] for twin in twins if twin]
    shared = iter(share(locks, before) if len(environments) > 1 else locks)
    found = [replace(e, lock=next(shared)) for e in environments]
    return tuple(
        replace(e, twin=Twin(spec=twin[0], lock=next(shared))) if twin else e
        for e, twin in zip(found, twins, strict=True)
    )


def _member(
    planner: EnvironmentPlanner, whole: ExistingEnvironment, environment: EnvironmentPlan
) -> Member:
    """Return what is rendered of an environment; a new one takes over the project's limits."""
    group, existing = environment.spec.group, environment.existing
    limits = Limits() if existing.configuration else read_limits(whole.run_args)
    return Member(
        spec=environment.spec,
        lock=environment.lock,
        twin=environment.twin.locked if environment.twin else None,
        limits=written(limits),
        run_args=existing.run_args,
        twin_run_args=read_environment(planner.root, "cuda", group).run_args,
    )


def _union(planner: EnvironmentPlanner, existing: ExistingEnvironment) -> tuple[Locked | None, str]:
    """Return one environment for all notebooks, or why there is none."""
    try:
        return planner.locked(existing), ""
    except (PlanError, LockError) as error:
        return None, error.message


def _binder(
    planner: EnvironmentPlanner,
    request: ContainerizeRequest,
    project: Project,
    union: Locked | None,
    saved: Savings,
) -> BinderPlan | None:
    """Return what is made for Binder, where a repository has one image: of all groups together.

    Raises
    ------
    BinderError
        One environment cannot serve them all, and this call asked for it.
    """
    unmet = [text for group in saved.groups for text in group.unmet]
    if union is None or unmet:
        why = saved.problem or f"one would lack `{', '.join(unmet)}`"
        message = f"Binder has one environment for all notebooks, and these have none: {why}"
        error = BinderError(message, hint="--binder=off, or a repository for each")
        if request.wishes.binder:
            raise error
        return binder_stays(error)
    return plan_binder(
        project,
        *union,
        planner.inputs.options,
        asked=request.wishes.binder,
        index=planner.index,
        trusted=planner.trusted,
    )
