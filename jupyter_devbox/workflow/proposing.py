"""A plan to be looked at before anything is written: with its questions, and room on the disk."""

from __future__ import annotations

from dataclasses import dataclass, replace

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import EngineError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.files.writer import Changes, compare
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.workflow.capturing import capture_all, check_notebook
from jupyter_devbox.workflow.containerize import (
    find_request_project,
    undecided_modules,
)
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.notebooks import TargetState, reachable_engine, target_states
from jupyter_devbox.workflow.planning import Plan, make_plan
from jupyter_devbox.workflow.requests import ContainerizeRequest
from jupyter_devbox.workflow.room import free_bytes, needed_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What `containerize` would do with a request.

    Parameters
    ----------
    outside
        The user's modules outside the project that await an answer: name to path.
    free_bytes, needed_bytes
        Room where the image would lie, None where it can't be seen; and what building takes of it
        at most, estimated.
    """

    project: Project
    snapshots: tuple[KernelSnapshot, ...]
    plan: Plan
    changes: Changes
    outside: dict[str, str]
    targets: tuple[TargetState, ...]
    free_bytes: int | None
    needed_bytes: int


def propose(context: Context, request: ContainerizeRequest) -> Proposal:
    """Return what would be done; writes nothing, and needs neither trust nor an engine.

    Raises
    ------
    CaptureError, PlanError, LockError, FileError
        What cannot be read, decided or resolved.
    """
    request = replace(request, notebooks=tuple(check_notebook(n) for n in request.notebooks))
    project = find_request_project(context, request)
    existing = read_environment(project.root)
    snapshots = capture_all(context, request, project, existing)
    engine, obstacle = reachable_engine(context)
    plan = make_plan(context, request, project, existing, snapshots, engine=engine)
    changes = compare(project.root, plan.tree)
    free, needed = _room(engine, project, plan, changes, request)
    return Proposal(
        project=project,
        snapshots=snapshots,
        plan=plan,
        changes=changes,
        outside=undecided_modules(existing.options, request.wishes, snapshots),
        targets=_with_twin(target_states(context, engine, obstacle, project), plan),
        free_bytes=free,
        needed_bytes=needed,
    )


def _with_twin(states: tuple[TargetState, ...], plan: Plan) -> tuple[TargetState, ...]:
    """Return the targets; one that could not be planned says why."""
    problem = plan.twin.problem if plan.twin else None
    return tuple(
        replace(state, obstacle=problem) if problem and state.target == "cuda" else state
        for state in states
    )


def _room(
    engine: Engine | None,
    project: Project,
    plan: Plan,
    changes: Changes,
    request: ContainerizeRequest,
) -> tuple[int | None, int]:
    """Return what is free and what is needed."""
    try:
        free = free_bytes(engine, project.root)
        return free, needed_bytes(engine, project, plan, changes, request.targets)
    except EngineError:  # it went away this moment
        return None, 0
