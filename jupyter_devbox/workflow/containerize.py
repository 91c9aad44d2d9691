"""`containerize`: capture → plan → lock → write → build → register."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import (
    DevboxError,
    EngineError,
    NotebookError,
    OutsideModuleError,
    PlanChangedError,
    PlanError,
    ProjectError,
    UnresolvedImportError,
    UsageError,
)
from jupyter_devbox.files.project import Project, find_project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.files.writer import Changes, compare, refuse_conflicts, write
from jupyter_devbox.plan.options import merge_options
from jupyter_devbox.spec.container import ImageInfo
from jupyter_devbox.spec.environment import Target
from jupyter_devbox.spec.events import PhaseEvent
from jupyter_devbox.spec.groups import ONLY
from jupyter_devbox.spec.names import normalise
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.workflow.capturing import capture_all, check_notebook
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.limits import limit_warnings
from jupyter_devbox.workflow.making import make_box_kernel
from jupyter_devbox.workflow.planning import make_plan
from jupyter_devbox.workflow.plans import EnvironmentPlan
from jupyter_devbox.workflow.registered import forget_ended
from jupyter_devbox.workflow.requests import (
    ContainerizeRequest,
    ContainerizeResult,
    Event,
    Found,
    Planned,
    RegisteredKernel,
)
from jupyter_devbox.workflow.room import free_bytes, needed_bytes
from jupyter_devbox.workflow.splitting import with_all, with_named
from jupyter_devbox.workflow.trusting import record_written, require_files
from jupyter_devbox.workflow.turns import turn
from jupyter_devbox.workflow.venv import make_venv_kernel

_CONFLICT = (
    "jupyter devbox containerize --diff shows all of it; "
    "--yes takes the plan and keeps your file beside it"
)
OnEvent = Callable[[Event], None]


def containerize(
    context: Context,
    request: ContainerizeRequest,
    on_event: OnEvent,
    cancel: threading.Event | None = None,
) -> ContainerizeResult:
    """Make the environment of notebooks, and register kernels that run in it.

    Everything that can stop it is looked at before the first file is written: the engine, the
    trust, the resolution, hand edits.

    Raises
    ------
    DevboxError
        What stands in the way, and the next command; nothing was changed, unless the build failed.
    """
    cancel = cancel or threading.Event()
    request, project, engine = _ready(context, request)
    with turn(context, project, on_event, cancel, dry_run=request.dry_run) as tell:
        return _go(context, request, project, _Making(request.targets, engine, tell, cancel))


def containerize_in_turn(
    context: Context, request: ContainerizeRequest, on_event: OnEvent, cancel: threading.Event
) -> ContainerizeResult:
    """Do what `containerize` does, for a caller that has the project's `turn`.

    Raises
    ------
    DevboxError
        As in `containerize`.
    """
    request, project, engine = _ready(context, request)
    return _go(context, request, project, _Making(request.targets, engine, on_event, cancel))


def _ready(
    context: Context, request: ContainerizeRequest
) -> tuple[ContainerizeRequest, Project, Engine | None]:
    """Return the request with what it leaves open, its project, and the engine if it has one."""
    request = _relocated(context, request)
    project = find_request_project(context, request)
    merge_options(ProjectOptions(), request.wishes)  # what was typed, before what the machine lacks
    return request, project, _engine(context, request)


def _go(
    context: Context, request: ContainerizeRequest, project: Project, making: _Making
) -> ContainerizeResult:
    """Go through the stages as far as the request wants."""
    engine, on_event = making.engine, making.on_event
    # Reading and planning is no risk: whoever wants to look first must be able to.
    if not request.dry_run:
        require_files(context, project.root)
    existing = read_environment(project.root)
    asked = [project.relative(path) for path in request.notebooks]
    request = with_all(request, project, existing)
    snapshots = capture_all(context, request, project, existing)
    on_event(Found(project=project, snapshots=snapshots, targets=request.targets))
    _refuse_unresolved(snapshots, request)
    request = _packing(existing.options, snapshots, request)
    on_event(PhaseEvent(phase="Pin versions", status="started"))
    plan = make_plan(context, request, project, existing, snapshots, engine=engine)
    wanted = plan.wanted(asked, every=request.split is not None)
    for environment, target in product(wanted, request.targets):
        environment.for_target(target)  # or raise why it cannot be had
    for environment in plan.environments:
        if request.check:
            request.check(environment)
        if environment.existing.twin_stages and environment.twin and environment.twin.problem:
            raise _without_its_stages(environment.twin.problem)
    twin = wanted[0].twin
    spec, lock = wanted[0].for_target(request.targets[0])
    changes = compare(project.root, plan.tree)
    on_event(
        Planned(
            spec=spec,
            lock=lock,
            changes=changes,
            free_bytes=free_bytes(engine, project.root),
            needed_bytes=needed_bytes(engine, project, wanted, changes, request.targets),
            targets=request.targets,
            twin_problem=twin.problem if twin else None,
            binder=plan.binder,
            savings=plan.savings,
        )
    )
    count = len(lock.packages)
    on_event(PhaseEvent(phase="Pin versions", status="done", detail=f"{count} packages"))
    result = ContainerizeResult(
        project=project,
        snapshots=snapshots,
        spec=spec,
        lock=lock,
        changes=changes,
        binder=plan.binder,
        warnings=limit_warnings(engine, wanted[0].existing.limits, plan.options.limits),
    )
    if request.dry_run:
        return result
    if request.agreed and changes.digest() != request.agreed:
        message = f"The project has changed since this was shown: `{project.root}`"
        raise PlanChangedError(message, hint="look at what would be written now")
    if not request.yes and not request.keep_mine:
        refuse_conflicts(changes, hint=_CONFLICT)
    files = _write(context, project, changes, on_event)
    result = replace(result, files=files)
    if not request.build:
        return result
    result = _make(context, result, wanted, making)
    forget_ended(context, project, [group.name for group in plan.groups] or [ONLY])
    return result


def _without_its_stages(problem: DevboxError) -> PlanError:
    """Return why a Dockerfile cannot be written: what it holds for the twin would be lost."""
    message = (
        "The Dockerfile holds stages of the project's CUDA twin, which cannot be planned now: "
        f"`{problem.message}`"
    )
    hint = f"{problem.hint}; or remove .devcontainer/cuda, and go on without the twin"
    return PlanError(message, hint=hint, details=problem.details)


def find_request_project(context: Context, request: ContainerizeRequest) -> Project:
    """Return the project of a request: that of its first notebook."""
    start = request.notebooks[0].parent if request.notebooks else Path.cwd()
    project = find_project(start, home=context.home, chosen=request.project)
    for notebook in request.notebooks:
        if not notebook.resolve().is_relative_to(project.root):
            message = f"This notebook lies outside the project {project.root}: `{notebook}`"
            raise ProjectError(message, hint="containerize it by itself, or name --project")
    return project


def _relocated(context: Context, request: ContainerizeRequest) -> ContainerizeRequest:
    """Return the request with its notebooks checked; one in HOME is copied on `--yes`."""
    request = with_named(request)
    if not request.notebooks and request.snapshot is None:
        request = replace(request, notebooks=_remembered(context, request))
    notebooks = tuple(check_notebook(path) for path in request.notebooks)
    home = context.home.resolve()
    if request.project is None and request.yes and notebooks and notebooks[0].parent == home:
        if any((home / mark).exists() for mark in (".devcontainer",)):
            message = f"A whole home folder cannot be a project: `{home}`"
            raise ProjectError(message, hint="move the notebook into a folder of its own")
        notebooks = (_copied(notebooks[0], home), *notebooks[1:])
    return replace(request, notebooks=notebooks)


def _remembered(context: Context, request: ContainerizeRequest) -> tuple[Path, ...]:
    """Return the notebooks that the project was made for, where none is named: for new options."""
    project = find_project(Path.cwd(), home=context.home, chosen=request.project)
    notebooks = tuple(project.root / name for name in read_environment(project.root).notebooks)
    if not notebooks:
        message = "Which notebook?"
        raise UsageError(message, hint="jupyter devbox containerize NOTEBOOK.ipynb")
    return notebooks


def _copied(notebook: Path, home: Path) -> Path:
    """Copy a notebook that lies in HOME into a folder named after it, and return the copy."""
    folder = home / notebook.stem
    target = folder / notebook.name
    if target.exists():
        return target
    try:
        folder.mkdir(exist_ok=True)
        shutil.copy2(notebook, target)
    except OSError as error:
        message = f"The notebook cannot be copied into a folder of its own: `{folder}`"
        raise NotebookError(message, hint="name another folder with --project") from error
    return target


def _engine(context: Context, request: ContainerizeRequest) -> Engine | None:
    """Return the engine; None where the request can do without one, and none answers.

    Files that are only written or shown are those that a build would write: with what the engine
    knows of the base image.
    """
    needed = request.build and not request.dry_run and {"cpu", "cuda"} & {*request.targets}
    try:
        return context.connect()
    except EngineError:
        if needed:
            raise
        return None


def _refuse_unresolved(snapshots: tuple[KernelSnapshot, ...], request: ContainerizeRequest) -> None:
    names = sorted({u.name for snapshot in snapshots for u in snapshot.unresolved})
    if names and request.strict:
        message = f"No package is known for: `{', '.join(names)}`"
        raise UnresolvedImportError(
            message, hint=f"add --provides {names[0]}=NAME, or leave out --strict"
        )


def _packing(
    remembered: ProjectOptions,
    snapshots: tuple[KernelSnapshot, ...],
    request: ContainerizeRequest,
) -> ContainerizeRequest:
    """Return the request with the modules whose copy the user agrees to.

    Raises
    ------
    OutsideModuleError
        A module of the user's own lies outside the project, and was neither agreed to nor
        excluded.
    """
    wishes = request.wishes
    outside = undecided_modules(remembered, wishes, snapshots)
    if not outside:
        return request
    if request.yes:
        pack = (*wishes.pack, *sorted(outside))
        return replace(request, wishes=replace(wishes, pack=pack))
    name, path = min(outside.items())
    message = f"Your module {name} lies outside the project: `{path}`"
    raise OutsideModuleError(
        message,
        hint=f"--pack {name} copies it into the image, --exclude {name} leaves it out",
    )


def undecided_modules(
    remembered: ProjectOptions, wishes: ProjectOptions, snapshots: tuple[KernelSnapshot, ...]
) -> dict[str, str]:
    """Return the user's modules outside the project, name to path, that await their answer."""
    decided = (*remembered.pack, *remembered.exclude, *wishes.pack, *wishes.exclude)
    known = {normalise(name) for name in decided}
    return {
        m.name: m.path
        for snapshot in snapshots
        for m in snapshot.local_modules
        if not m.inside and normalise(m.name) not in known
    }


def _write(
    context: Context, project: Project, changes: Changes, on_event: OnEvent
) -> tuple[str, ...]:
    on_event(PhaseEvent(phase="Write files", status="started"))
    files = write(project.root, changes)
    record_written(context, project.root, changes)
    detail = f"{len(files)} file{'s' if len(files) != 1 else ''}" if files else "unchanged"
    on_event(PhaseEvent(phase="Write files", status="done", detail=detail))
    return files


@dataclass(frozen=True, slots=True)
class _Making:
    """What making needs besides the plan."""

    targets: tuple[Target, ...]
    engine: Engine | None
    on_event: OnEvent
    cancel: threading.Event


def _make(
    context: Context,
    result: ContainerizeResult,
    environments: Iterable[EnvironmentPlan],
    making: _Making,
) -> ContainerizeResult:
    """Build each target of each environment and register its kernel."""
    kernels: list[RegisteredKernel] = []
    images: list[ImageInfo] = []
    seconds, built = 0.0, False
    left_out: tuple[str, ...] = ()
    for environment, target in product(environments, making.targets):
        if target == "venv":
            made = make_venv_kernel(
                context, result.project, environment, making.on_event, making.cancel
            )
        else:
            made = make_box_kernel(
                context,
                result.project,
                making.engine or context.connect(),
                making.on_event,
                making.cancel,
                target=target,
                group=environment.spec.group,
            )
            if made.image:
                images.append(made.image)
            left_out = tuple(dict.fromkeys((*left_out, *made.left_out)))
        kernels.append(made.kernel)
        seconds += made.seconds
        built = built or made.built
    return replace(
        result,
        images=tuple(images),
        kernels=tuple(kernels),
        seconds=seconds,
        built=built,
        left_out=left_out,
    )
