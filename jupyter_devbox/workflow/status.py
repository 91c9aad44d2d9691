"""`status`: notebooks against the lock, boxes against their configuration."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_devbox.errors import EngineError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.spec.groups import ONLY
from jupyter_devbox.spec.project import ExistingEnvironment
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.deaths import Death, last_death
from jupyter_devbox.workflow.drift import drift, names
from jupyter_devbox.workflow.groups import group_names
from jupyter_devbox.workflow.interpreters import Interpreters, interpreters

if TYPE_CHECKING:
    from jupyter_devbox.workflow.base_age import BaseAge
    from jupyter_devbox.workflow.engine_side import BoxStatus, EngineSide
    from jupyter_devbox.workflow.services import FoundService


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookDrift:
    """What a notebook uses now, against requirements.in: names, or ``name old → new``."""

    path: str
    group: str = ONLY
    missing: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def drift(self) -> bool:
        """Whether the files no longer say what the notebook uses."""
        return bool(self.missing or self.unused or self.changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectStatus:
    """The project as it stands."""

    project: Project
    notebooks: tuple[NotebookDrift, ...]
    boxes: tuple[BoxStatus, ...]
    image: str | None
    image_stale: bool
    engine: bool
    base: BaseAge | None = None
    services: tuple[FoundService, ...] = ()
    death: Death | None = None

    @property
    def drift(self) -> bool:
        """Whether containerizing again would change something."""
        return (
            self.image_stale
            or any(notebook.drift for notebook in self.notebooks)
            or any(box.drift for box in self.boxes)
        )

    def to_json(self) -> dict[str, Any]:
        """Return the object of `status --json` (DESIGN, contracts)."""
        return {
            "project": str(self.project.root),
            "notebooks": [
                {
                    "path": n.path,
                    **({"group": n.group} if n.group else {}),
                    "missing": list(n.missing),
                    "unused": list(n.unused),
                    "changed": list(n.changed),
                }
                for n in self.notebooks
            ],
            "boxes": [box.to_json() for box in self.boxes],
            "services": [{"name": s.name, "running": s.running} for s in self.services],
            "image": self.image,
            "image_stale": self.image_stale,
            "base": self.base.to_json() if self.base else None,
            "drift": self.drift,
            "last_death": self.death.to_json() if self.death else None,
        }


def project_status(context: Context, project: Project) -> ProjectStatus:
    """Return how the project stands; changes nothing, and needs no engine.

    The engine is looked for while the notebooks' interpreters start.
    """
    groups = group_names(project)
    with ThreadPoolExecutor(1) as pool:
        seen = pool.submit(_seen, context, project, groups)
        environments = {name: read_environment(project.root, "cpu", name) for name in groups}
        with interpreters(context) as asked:
            notebooks = tuple(
                _drift(asked, project, name, existing, group)
                for group, existing in environments.items()
                for name in existing.notebooks
            )
        engine = seen.result()
    return ProjectStatus(
        project=project,
        notebooks=notebooks,
        boxes=engine.boxes if engine else (),
        image=engine.image if engine else None,
        image_stale=engine.image_stale if engine else False,
        engine=engine is not None,
        base=engine.base if engine else None,
        services=engine.services if engine else (),
        death=last_death(context, str(project.root)),
    )


def _seen(context: Context, project: Project, groups: tuple[str, ...]) -> EngineSide | None:
    """Return what the engine knows of a project; None where none answers."""
    try:
        engine = context.connect()
    except EngineError:
        return None
    from jupyter_devbox.workflow.engine_side import engine_side  # noqa: PLC0415  (only with one)

    return engine_side(context, engine, project, groups)


def _drift(
    asked: Interpreters,
    project: Project,
    name: str,
    existing: ExistingEnvironment,
    group: str,
) -> NotebookDrift:
    path = project.root / name
    found = drift(asked.capture(path, project), existing)
    # Versions of another environment than the notebook's say nothing of it.
    versions = asked.own(path) is not None
    return NotebookDrift(
        path=name,
        group=group,
        missing=names(found, "added"),
        unused=names(found, "removed"),
        changed=tuple(
            f"{d.name} {d.pinned} → {d.now}".replace("==", "")
            for d in found
            if d.kind == "changed" and versions
        ),
    )
