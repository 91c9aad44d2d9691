"""A project whose notebooks have environments of their own: who is in which group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from jupyter_devbox.errors import PlanError, RunError
from jupyter_devbox.files.project import Project
from jupyter_devbox.plan.split import choose_groups
from jupyter_devbox.spec.groups import ONLY, Group, group_of
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.workflow.groups import project_groups
from jupyter_devbox.workflow.requests import ContainerizeRequest


def with_named(request: ContainerizeRequest) -> ContainerizeRequest:
    """Return the request with the notebooks that its groups name."""
    groups = request.split.named if request.split else ()
    named = (Path(name) for group in groups for name in group.notebooks)
    there = {path.absolute() for path in request.notebooks}
    more = (path for path in named if path.absolute() not in there)
    return replace(request, notebooks=(*request.notebooks, *dict.fromkeys(more)))


def with_all(
    request: ContainerizeRequest, project: Project, existing: ExistingEnvironment
) -> ContainerizeRequest:
    """Return the request with all the project's notebooks, if it is split or its groups change.

    What one notebook needs may change what all groups share, or the group of another.
    """
    if not (request.split or existing.groups):
        return request
    if request.snapshot is not None and not request.notebooks:
        message = "In a split project each notebook has its environment: this one has no file"
        raise PlanError(message, hint="save the notebook, and name it")
    there = {path.resolve() for path in request.notebooks}
    grouped = (name for group in existing.groups for name in group.notebooks)
    known = (project.root / name for name in dict.fromkeys((*grouped, *existing.notebooks)))
    more = (path for path in known if path.resolve() not in there and path.is_file())
    return replace(request, notebooks=(*request.notebooks, *more))


def groups_after(
    request: ContainerizeRequest,
    project: Project,
    existing: ExistingEnvironment,
    snapshots: Iterable[KernelSnapshot],
) -> tuple[Group, ...]:
    """Return the groups that the project has after a request; () for one environment.

    Raises
    ------
    UsageError
        A group cannot be called so, or a notebook is named in two.
    """
    wish = request.split
    if wish:
        placed = (
            replace(group, notebooks=tuple(project.relative(Path(n)) for n in group.notebooks))
            for group in wish.named
        )
        wish = replace(wish, named=tuple(placed))
    return choose_groups(existing.groups, wish, [s.notebook for s in snapshots])


def refuse_beside(options: ProjectOptions, existing: ExistingEnvironment) -> None:
    """Raise for a project that Compose starts: its box is one of the project's, not of a group's.

    Raises
    ------
    PlanError
        It has databases beside the box, or Compose files of its own.
    """
    if options.services or existing.compose:
        beside = (*options.services, *(existing.compose.files if existing.compose else ()))[0]
        message = f"A project with services beside its box has one environment: `{beside}`"
        raise PlanError(message, hint="leave out --split, or drop it with --exclude-service")


def notebook_group(project: Project, notebook: Path) -> str:
    """Return the group that a notebook is in; "" in a project that is not split.

    Raises
    ------
    RunError
        It is in none yet.
    """
    groups = project_groups(project)
    if not groups:
        return ONLY
    name = project.relative(notebook.resolve())
    found = group_of(groups, name)
    if found is None:
        message = f"{project.name} is split, and this notebook is in no group yet: `{name}`"
        raise RunError(message, hint=f"jupyter devbox containerize {name}")
    return found
