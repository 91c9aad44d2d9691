"""The boxes on this machine: ours, and those of VS Code for our projects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import EngineError, NotFoundError, NotOursError
from jupyter_devbox.run.composed import stop_services
from jupyter_devbox.spec.box import (
    DEVCONTAINER_FOLDER,
    LABEL_KIND,
    LABEL_PROJECT,
)
from jupyter_devbox.spec.box_use import BoxUse
from jupyter_devbox.spec.compose_project import LABEL_COMPOSE
from jupyter_devbox.spec.container import ContainerInfo
from jupyter_devbox.spec.gpu_use import GpuUse
from jupyter_devbox.spec.groups import ONLY
from jupyter_devbox.workflow.box_labels import box_group, box_target, cards_in_use, is_stale
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.notebooks import reachable_engine
from jupyter_devbox.workflow.registered import registered_kernels
from jupyter_devbox.workflow.using import boxes_use

_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxState:
    """One box.

    Parameters
    ----------
    project
        Its folder on this machine.
    group
        Which of a split project's environments it is; "" for the only one.
    stale
        Whether the project's files changed since its image was built.
    foreign
        Whether another program made it: it is used, and never stopped by us.
    memory
        Its limit in bytes; 0 for none.
    use
        What it uses of the machine; None while it does not run.
    gpus
        The graphics cards that it sees, with how busy they are.
    """

    id: str
    name: str
    project: str
    target: str
    image: str
    running: bool
    stale: bool
    foreign: bool
    memory: int
    group: str = ONLY
    use: BoxUse | None = None
    gpus: tuple[GpuUse, ...] = ()


def boxes(context: Context) -> tuple[tuple[BoxState, ...], EngineError | None]:
    """Return the boxes there are, by name, and why no engine answers; changes nothing."""
    engine, obstacle = reachable_engine(context)
    if engine is None:
        return (), obstacle
    try:
        found = found_boxes(context, engine)
        uses = boxes_use(engine, [container for _, container in found])
    except EngineError as error:  # it went away this moment
        return (), error
    return tuple(replace(state, use=uses.get(state.id)) for state, _ in found), None


Found = tuple[BoxState, ContainerInfo]


def found_boxes(context: Context, engine: Engine) -> tuple[Found, ...]:
    """Return the boxes with their containers, by name; what they use is not asked.

    Raises
    ------
    EngineError
        The engine does not answer.
    """
    found = [*_ours(context, engine), *_of_others(context, engine)]
    return tuple(sorted(found, key=lambda each: (each[0].name, each[0].id)))


def stop_box(context: Context, identity: str) -> None:
    """Stop a box of ours and what runs beside it; it can be started again with all it holds.

    Raises
    ------
    NotFoundError
        There is no such box.
    NotOursError
        Another program made it.
    EngineError
        The engine does not answer.
    """
    require_ours(context, identity)
    engine = context.connect()
    engine.stop(identity, _SECONDS)
    box = engine.container(identity)
    if box is not None and (name := box.labels.get(LABEL_COMPOSE)):
        stop_services(engine, name)


def require_ours(context: Context, identity: str) -> BoxState:
    """Return a box of ours; raises as `stop_box`."""
    found = found_boxes(context, context.connect())
    box = next((state for state, _ in found if state.id == identity), None)
    if box is None:
        message = f"There is no such box: `{identity[:64]}`"
        raise NotFoundError(message, hint="look at the list of boxes")
    if box.foreign:
        message = f"VS Code made this box, and stops it: `{box.name}`"
        raise NotOursError(message, hint="close its window in VS Code")
    return box


def _ours(context: Context, engine: Engine) -> Iterator[Found]:
    """Yield the containers that label and ledger both call ours."""
    for kind in ("box", "kernel"):
        for container in engine.containers({LABEL_KIND: kind}):
            if context.ledger.has(kind, container.id):
                project = container.labels.get(LABEL_PROJECT, "")
                yield _state(engine, container, project, foreign=False), container


def _of_others(context: Context, engine: Engine) -> Iterator[Found]:
    """Yield the containers that other clients made for a project with a kernel of ours."""
    for project in sorted({kernel.project for kernel in registered_kernels(context)}):
        for container in engine.containers({DEVCONTAINER_FOLDER: project}):
            if LABEL_KIND not in container.labels:
                yield _state(engine, container, project, foreign=True), container


def _state(engine: Engine, container: ContainerInfo, project: str, *, foreign: bool) -> BoxState:
    target = box_target(container)
    return BoxState(
        id=container.id,
        name=container.name,
        project=project,
        target=target,
        group=box_group(container),
        image=container.image,
        running=container.status == "running",
        stale=not foreign and is_stale(engine, container, Path(project)),
        foreign=foreign,
        memory=container.limits.memory,
        gpus=cards_in_use(engine, container),
    )
