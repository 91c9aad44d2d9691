"""Whether what is planned fits on the disk: said before anything is built, never refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from itertools import product
from pathlib import Path

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import LockError, PlanError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.writer import Changes
from jupyter_devbox.plan.estimate import room_bytes
from jupyter_devbox.spec.box import Target
from jupyter_devbox.spec.environment import Target as AnyTarget
from jupyter_devbox.spec.target_files import COMMON, target_files
from jupyter_devbox.spec.written import DOCKERFILE, FOLDER
from jupyter_devbox.workflow.made_of import image_tag, is_made_of
from jupyter_devbox.workflow.plans import EnvironmentPlan


def free_bytes(engine: Engine | None, folder: Path) -> int | None:
    """Return the room where images lie; without an engine, that on the project's disk."""
    if engine is not None:
        return engine.info().free_bytes
    return shutil.disk_usage(folder).free


def needed_bytes(
    engine: Engine | None,
    project: Project,
    environments: Iterable[EnvironmentPlan],
    changes: Changes,
    targets: Iterable[AnyTarget],
) -> int:
    """Return the room that building takes where images lie, in bytes: at most that, 0 for nothing.

    An image that is there as planned takes none, and of one whose last layer alone changes only
    that layer counts. A virtual environment lies elsewhere.

    Raises
    ------
    EngineError
        The engine went away.
    """
    changed = {change.path for change in changes.changes}
    boxes: list[Target] = [target for target in targets if target != "venv"]
    return sum(
        _of_target(engine, project, environment, changed, target)
        for environment, target in product(environments, boxes)
    )


def _of_target(
    engine: Engine | None,
    project: Project,
    environment: EnvironmentPlan,
    changed: set[str],
    target: Target,
) -> int:
    group = environment.spec.group
    try:
        spec, lock = environment.for_target(target)
    except (PlanError, LockError):  # told elsewhere
        return 0
    there = engine and engine.image(image_tag(project, target, group))
    if not there:
        return room_bytes(spec, lock)
    if not changed and is_made_of(there, project.root / FOLDER, target, group):
        return 0
    files = target_files(target, group)
    below = {f"{FOLDER}/{name}" for name in (DOCKERFILE, COMMON, files.stable)}
    return room_bytes(spec, lock, stable=bool(below & changed))
