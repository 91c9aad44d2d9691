"""`add` and `remove`: packages for those who type them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import EngineError, PlanError, RequirementError, ResolutionError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.spec.groups import ONLY, group_of
from jupyter_devbox.spec.names import check_name, normalise, parse_requirement
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.workflow.box_facts import capture_in_box
from jupyter_devbox.workflow.containerize import containerize_in_turn
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.groups import group_names, project_groups
from jupyter_devbox.workflow.interpreters import interpreters
from jupyter_devbox.workflow.packages import find_package
from jupyter_devbox.workflow.plans import EnvironmentPlan
from jupyter_devbox.workflow.requests import ContainerizeRequest, ContainerizeResult, Event
from jupyter_devbox.workflow.running_boxes import running_boxes
from jupyter_devbox.workflow.turns import turn

OnEvent = Callable[[Event], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRequest:
    """One call of `add`, `remove` or `apt`.

    Parameters
    ----------
    names
        Requirements to add, such as ``seaborn`` or ``numpy<2``; or names to remove; or, for `apt`,
        Debian packages to install.
    by_user, agreed
        As in `ContainerizeRequest`.
    """

    project: Project
    names: tuple[str, ...]
    build: bool = True
    dry_run: bool = False
    by_user: bool = True
    agreed: str = ""


def add(
    context: Context,
    request: AddRequest,
    on_event: OnEvent,
    cancel: threading.Event | None = None,
) -> ContainerizeResult:
    """Pin packages in requirements.in, lock again, write, and build.

    Raises
    ------
    RequirementError
        One is no requirement, or the index has no package of that name.
    DevboxError
        What stands in the way, as in `containerize`; nothing was changed.
    """
    names = {normalise(parse_requirement(text).name): text for text in request.names}
    wishes = ProjectOptions(include=request.names)
    cancel = cancel or threading.Event()
    containerized_notebooks(request.project)
    try:
        with turn(context, request.project, on_event, cancel, dry_run=request.dry_run) as tell:
            wanted = order(context, request, wishes)
            return containerize_in_turn(context, wanted, tell, cancel)
    except ResolutionError:
        for name, text in names.items():
            if find_package(context, text) is None:
                message = f"The index has no package of this name: `{name}`"
                raise RequirementError(
                    message,
                    hint="its name may differ from the module's: look it up in its documentation",
                ) from None
        raise


def remove(
    context: Context,
    request: AddRequest,
    on_event: OnEvent,
    cancel: threading.Event | None = None,
) -> ContainerizeResult:
    """Take packages out of requirements.in, lock again, write, and build.

    Raises
    ------
    RequirementError
        One is no package's name.
    PlanError
        A notebook needs one, the user wrote its line, or the project names no such package.
    DevboxError
        What else stands in the way, as in `containerize`; nothing was changed.
    """
    names = tuple(dict.fromkeys(normalise(check_name(text)) for text in request.names))
    cancel = cancel or threading.Event()
    project = request.project
    containerized_notebooks(project)
    with turn(context, project, on_event, cancel, dry_run=request.dry_run) as tell:
        _require_named(project, names)
        wanted = order(context, request, ProjectOptions(drop=names), _Gone(names))
        return containerize_in_turn(context, wanted, tell, cancel)


def _require_named(project: Project, names: tuple[str, ...]) -> None:
    """Raise `PlanError` for a package that the project's files do not name."""
    groups = group_names(project)
    found = [read_environment(project.root, "cpu", group) for group in groups]
    named = {line.name for existing in found for line in existing.requirements}
    for name in names:
        if name not in named:
            there = any(name in existing.locked for existing in found)
            message = f"The project does not name this package: `{name}`"
            hint = "it came with another one, and goes with it" if there else "jupyter devbox plan"
            raise PlanError(message, hint=hint)


@dataclass(frozen=True, slots=True)
class _Gone:
    """Refuses a plan that still names what is to be removed."""

    names: tuple[str, ...]

    def __call__(self, plan: EnvironmentPlan) -> None:
        """Raise `PlanError`, and say who needs it."""
        for line in plan.spec.requirements:
            if line.name not in self.names:
                continue
            if line.reason == "hand":
                message = f"You wrote this line yourself, in requirements.in: `{line.text}`"
                raise PlanError(message, hint="delete it there, then: jupyter devbox sync")
            if line.reason == "kernel":
                message = f"Every box needs this package: `{line.name}`"
                raise PlanError(message, hint="leave it in")
            users = ", ".join(line.notebooks)
            message = f"{users} needs this package: `{line.name}`"
            hint = f"take it out there, or: jupyter devbox containerize --exclude {line.name}"
            raise PlanError(message, hint=hint)


def order(
    context: Context,
    request: AddRequest,
    wishes: ProjectOptions,
    check: Callable[[EnvironmentPlan], None] | None = None,
) -> ContainerizeRequest:
    """Return the request to make all of the project's environments with these wishes.

    It names what the project's files say now: whoever will write has the project's turn.

    Raises
    ------
    PlanError
        Nothing was containerized there yet.
    """
    project = request.project
    names = containerized_notebooks(project)
    return ContainerizeRequest(
        notebooks=tuple(project.root / name for name in names),
        project=project.root,
        snapshots=_from_boxes(context, project, names),
        wishes=wishes,
        build=request.build and not request.dry_run,
        dry_run=request.dry_run,
        by_user=request.by_user,
        agreed=request.agreed,
        check=check,
    )


def containerized_notebooks(project: Project) -> tuple[str, ...]:
    """Return the notebooks that the project's files name; raises `PlanError` where none is."""
    listed = [name for group in project_groups(project) for name in group.notebooks]
    names = tuple(dict.fromkeys((*listed, *read_environment(project.root).notebooks)))
    if not names:
        message = f"No notebook is containerized here yet: `{project.root}`"
        raise PlanError(message, hint="jupyter devbox containerize NOTEBOOK.ipynb")
    return names


def _from_boxes(
    context: Context, project: Project, names: tuple[str, ...]
) -> tuple[KernelSnapshot, ...]:
    """Return the captures of the notebooks that run in a box: theirs are its versions."""
    with interpreters(context) as asked:
        inside = [name for name in names if asked.own(project.root / name) is None]
    if not inside:
        return ()
    try:
        engine: Engine = context.connect()
        boxes = {box.group: box for box in reversed(running_boxes(context, engine, project))}
    except EngineError:
        return ()
    groups = project_groups(project)
    placed = ((name, boxes.get(group_of(groups, name) or ONLY)) for name in inside)
    return tuple(
        capture_in_box(engine, box, project, project.root / name) for name, box in placed if box
    )
