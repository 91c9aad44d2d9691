"""A plan to be looked at before anything is written: with its questions, and room on the disk."""

from __future__ import annotations

from dataclasses import dataclass, replace

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import EngineError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.files.writer import Changes, compare
from jupyter_devbox.spec.gpu import GpuRequest
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.workflow.capturing import capture_all, check_notebook
from jupyter_devbox.workflow.containerize import (
    find_request_project,
    undecided_modules,
)
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.limits import limit_warnings
from jupyter_devbox.workflow.notebooks import TargetState, reachable_engine, target_states
from jupyter_devbox.workflow.planning import make_plan
from jupyter_devbox.workflow.plans import EnvironmentPlan, Plan
from jupyter_devbox.workflow.requests import ContainerizeRequest
from jupyter_devbox.workflow.room import free_bytes, needed_bytes
from jupyter_devbox.workflow.splitting import with_all, with_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What `containerize` would do with a request.

    Parameters
    ----------
    environments
        Those of the request's notebooks: of a project that is not split the only one.
    outside
        The user's modules outside the project that await an answer: name to path.
    free_bytes, needed_bytes
        Room where the image would lie, None where it can't be seen; and what building takes of it
        at most, estimated.
    gpus
        Cards of the CUDA box, where that is asked for; else None.
    warnings
        Code and sentence of what the user should know besides.
    """

    project: Project
    snapshots: tuple[KernelSnapshot, ...]
    plan: Plan
    environments: tuple[EnvironmentPlan, ...]
    changes: Changes
    outside: dict[str, str]
    targets: tuple[TargetState, ...]
    free_bytes: int | None
    needed_bytes: int
    gpus: GpuRequest | None = None
    warnings: tuple[tuple[str, str], ...] = ()


def propose(context: Context, request: ContainerizeRequest) -> Proposal:
    """Return what would be done; writes nothing, and needs neither trust nor an engine.

    Raises
    ------
    CaptureError, PlanError, LockError, FileError
        What cannot be read, decided or resolved.
    """
    notebooks = with_named(request).notebooks
    request = replace(request, notebooks=tuple(check_notebook(n) for n in notebooks))
    project = find_request_project(context, request)
    existing = read_environment(project.root)
    asked = [project.relative(path) for path in request.notebooks]
    request = with_all(request, project, existing)
    snapshots = capture_all(context, request, project, existing)
    engine, obstacle = reachable_engine(context)
    plan = make_plan(context, request, project, existing, snapshots, engine=engine)
    wanted = plan.wanted(asked, every=request.split is not None)
    changes = compare(project.root, plan.tree)
    free, needed = _room(engine, project, wanted, changes, request)
    return Proposal(
        project=project,
        snapshots=snapshots,
        plan=plan,
        environments=wanted,
        changes=changes,
        outside=undecided_modules(existing.options, request.wishes, snapshots),
        targets=_with_twin(
            target_states(context, engine, obstacle, project, wanted[0].spec.group), wanted[0]
        ),
        free_bytes=free,
        needed_bytes=needed,
        gpus=_gpus(project, wanted[0], plan, request),
        warnings=limit_warnings(engine, wanted[0].existing.limits, plan.options.limits),
    )


def _gpus(
    project: Project, environment: EnvironmentPlan, plan: Plan, request: ContainerizeRequest
) -> GpuRequest | None:
    """Return the cards that the CUDA box will ask for; None where none is asked for."""
    if "cuda" not in request.targets:
        return None
    twin = read_environment(project.root, "cuda", environment.spec.group)
    return replace(twin, options=plan.options).gpus("cuda")


def _with_twin(
    states: tuple[TargetState, ...], environment: EnvironmentPlan
) -> tuple[TargetState, ...]:
    """Return the targets; one that could not be planned says why."""
    problem = environment.twin.problem if environment.twin else None
    return tuple(
        replace(state, obstacle=problem) if problem and state.target == "cuda" else state
        for state in states
    )


def _room(
    engine: Engine | None,
    project: Project,
    environments: tuple[EnvironmentPlan, ...],
    changes: Changes,
    request: ContainerizeRequest,
) -> tuple[int | None, int]:
    """Return what is free and what is needed."""
    try:
        free = free_bytes(engine, project.root)
        return free, needed_bytes(engine, project, environments, changes, request.targets)
    except EngineError:  # it went away this moment
        return None, 0
