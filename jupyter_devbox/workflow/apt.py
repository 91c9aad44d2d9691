"""`apt install`: Debian packages, in the running box now, and in the image."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import NotOursError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.writer import refuse_conflicts
from jupyter_devbox.run.debian import install_command, install_debian
from jupyter_devbox.spec.events import LogEvent
from jupyter_devbox.spec.names import check_apt_name
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.workflow.adding import AddRequest, order
from jupyter_devbox.workflow.containerize import containerize_in_turn
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.requests import ContainerizeRequest, ContainerizeResult, Event
from jupyter_devbox.workflow.running_boxes import RunningBox, require_running
from jupyter_devbox.workflow.trusting import require_files
from jupyter_devbox.workflow.turns import turn

_CONFLICT = "jupyter devbox containerize --diff shows all of it"


def plan_apt(context: Context, request: AddRequest) -> ContainerizeResult:
    """Return what `install_apt` would write; changes nothing.

    Raises
    ------
    RequirementError
        One is no Debian package's name.
    DevboxError
        What stands in the way, as in `containerize`.
    """
    return _planned(context, order(context, request, _wishes(request)))


def root_commands(project: Project, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return what is run as root, for people who are asked whether it may."""
    return (f"as root, in the running box of {project.name}: {install_command(names)}",)


def install_apt(
    context: Context,
    request: AddRequest,
    on_event: Callable[[Event], None],
    cancel: threading.Event | None = None,
) -> ContainerizeResult:
    """Install Debian packages in the project's running boxes, write them down, and build.

    What the user was asked is not asked here. All that can stop it is looked at before anything
    runs as root.

    Raises
    ------
    RunError
        No box of the project runs, or apt-get gave up; no file was changed.
    NotOursError
        Another program made a box.
    RequirementError
        Debian has no package of that name.
    PlanChangedError
        It would write something else than what the user was shown.
    DevboxError
        What else stands in the way, as in `containerize`.
    """
    engine, project = context.connect(), request.project
    _boxes(context, engine, request)  # said at once, whoever is at work
    cancel = cancel or threading.Event()
    with turn(context, project, on_event, cancel) as tell:
        boxes = _boxes(context, engine, request)
        require_files(context, project.root)
        wanted = order(context, request, _wishes(request))
        plan = _planned(context, wanted)
        refuse_conflicts(plan.changes, hint=_CONFLICT)
        # What does not fit any more is told by the real call, and must be before root does
        # anything.
        if not request.agreed or plan.changes.digest() == request.agreed:
            for box in boxes:
                install_debian(engine, box.id, request.names, lambda line: tell(_log(line)))
        return containerize_in_turn(context, wanted, tell, cancel)


def _planned(context: Context, wanted: ContainerizeRequest) -> ContainerizeResult:
    dry = replace(wanted, dry_run=True, build=False)
    return containerize_in_turn(context, dry, lambda _: None, threading.Event())


def _boxes(context: Context, engine: Engine, request: AddRequest) -> tuple[RunningBox, ...]:
    """Return the project's running boxes; raises where there is none, or one is not ours."""
    boxes = require_running(context, engine, request.project)
    for box in boxes:
        if not box.ours:
            message = f"VS Code made this box, and devbox changes nothing in it: `{box.id[:12]}`"
            names = " ".join(request.names)
            raise NotOursError(message, hint=f"jupyter devbox containerize --apt {names}")
    return boxes


def _log(line: str) -> LogEvent:
    return LogEvent(phase="System packages", line=line)


def _wishes(request: AddRequest) -> ProjectOptions:
    return ProjectOptions(apt=tuple(check_apt_name(name) for name in request.names))
