"""How a notebook stands: what it uses, what of that is in the image, and what could run it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import DevboxError, EngineError
from jupyter_devbox.files.project import Project, find_project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.plan.answers import apply_answers
from jupyter_devbox.spec.box import TARGETS as BOX_TARGETS
from jupyter_devbox.spec.by_hand import ByHand
from jupyter_devbox.spec.environment import Target
from jupyter_devbox.spec.groups import ONLY, group_of
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.workflow.box_facts import by_hand
from jupyter_devbox.workflow.capturing import capture_saved, check_notebook
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.drift import Difference, drift, hand_drift
from jupyter_devbox.workflow.gpu_here import why_no_gpu
from jupyter_devbox.workflow.groups import project_groups
from jupyter_devbox.workflow.made_of import image_tag
from jupyter_devbox.workflow.registered import registered_kernels
from jupyter_devbox.workflow.requests import RegisteredKernel
from jupyter_devbox.workflow.running_boxes import running_boxes
from jupyter_devbox.workflow.trusting import review


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetState:
    """Whether a target can be built and run here.

    Parameters
    ----------
    obstacle
        Why it can be neither built nor run.
    idle
        Why it can be built, and not run.
    bytes
        Size of what is built of it; None where nothing is, or it can't be seen.
    """

    target: Target
    obstacle: DevboxError | None = None
    idle: DevboxError | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookState:
    """One notebook and its project.

    Parameters
    ----------
    kernels
        Registered for the notebook's environment, each with its image's size in bytes, None where
        unknown.
    differences
        Against the project's files; () where nothing was written yet.
    approved
        Whether nothing of the project waits for the user's trust.
    obstacle
        Why no engine answers; None where one does.
    """

    project: Project
    snapshot: KernelSnapshot
    kernels: tuple[tuple[RegisteredKernel, int | None], ...]
    differences: tuple[Difference, ...]
    approved: bool
    targets: tuple[TargetState, ...]
    obstacle: EngineError | None


def notebook_project(context: Context, notebook: Path) -> Project:
    """Return a notebook's project.

    Raises
    ------
    NotebookError
        There is no such file.
    ProjectError
        It would be the home folder, or one above it.
    """
    return find_project(check_notebook(notebook).parent, home=context.home)


def notebook_state(
    context: Context,
    notebook: Path,
    snapshot: KernelSnapshot | None = None,
    *,
    in_box: bool = False,
) -> NotebookState:
    """Return how a notebook stands; changes nothing.

    Parameters
    ----------
    snapshot
        What its running kernel said; None where none was asked.
    in_box
        Whether that kernel runs in a box: what was done there by hand is a difference too.

    Raises
    ------
    CaptureError, ProjectError, FileError
        The notebook or the project's files cannot be read.
    """
    project = notebook_project(context, notebook)
    name = project.relative(notebook)
    group = group_of(project_groups(project), name) or ONLY
    existing = read_environment(project.root, "cpu", group)
    snapshot = snapshot or capture_saved(context, notebook, project)
    snapshot = apply_answers(snapshot, existing.options.provides)
    engine, obstacle = reachable_engine(context)
    differences = drift(snapshot, existing) if existing.requirements else ()
    if in_box and engine:
        found = _by_hand(context, engine, project, group)
        differences += hand_drift(found, existing, differences) if found else ()
    return NotebookState(
        project=project,
        snapshot=snapshot,
        kernels=_with_sizes(
            engine,
            tuple(k for k in registered_kernels(context, str(project.root)) if k.group == group),
        ),
        differences=differences,
        approved=review(context, project.root).approved,
        targets=target_states(context, engine, obstacle, project, group),
        obstacle=obstacle,
    )


def _by_hand(context: Context, engine: Engine, project: Project, group: str) -> ByHand | None:
    """Return what was done by hand in the group's running box; None where none runs."""
    try:
        for box in running_boxes(context, engine, project):
            if box.group == group:
                return by_hand(engine, box)
    except EngineError:  # it ended this moment
        return None
    return None


def registered_with_sizes(context: Context) -> tuple[tuple[RegisteredKernel, int | None], ...]:
    """Return all our kernelspecs, each with its image's size in bytes, None where unknown."""
    return _with_sizes(reachable_engine(context)[0], registered_kernels(context))


def reachable_engine(context: Context) -> tuple[Engine | None, EngineError | None]:
    """Return the engine, or why there is none."""
    try:
        return context.connect(), None
    except EngineError as error:
        return None, error


def target_states(
    context: Context,
    engine: Engine | None,
    obstacle: EngineError | None,
    project: Project,
    group: str = ONLY,
) -> tuple[TargetState, ...]:
    """Return the targets there are, and how each stands on this machine."""
    boxes = (
        TargetState(
            target=target,
            obstacle=obstacle,
            idle=why_no_gpu(context, engine) if engine and target == "cuda" else None,
            bytes=_image_bytes(engine, image_tag(project, target, group)),
        )
        for target in BOX_TARGETS
    )
    return (*boxes, TargetState(target="venv"))


def _with_sizes(
    engine: Engine | None, kernels: tuple[RegisteredKernel, ...]
) -> tuple[tuple[RegisteredKernel, int | None], ...]:
    return tuple((kernel, _image_bytes(engine, kernel.image)) for kernel in kernels)


def _image_bytes(engine: Engine | None, reference: str | None) -> int | None:
    if engine is None or not reference:
        return None
    try:
        image = engine.image(reference)
    except EngineError:  # it went away this moment
        return None
    return image.size if image else None
