"""`status`: notebooks against the lock, boxes against their configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import EngineError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.plan.adding import additions, unlocked
from jupyter_devbox.spec.box import LABEL_KIND, LABEL_PROJECT
from jupyter_devbox.spec.box_use import BoxUse
from jupyter_devbox.spec.by_hand import HandPackage
from jupyter_devbox.spec.container import ExecSpec
from jupyter_devbox.spec.gpu_use import GpuUse
from jupyter_devbox.spec.groups import ONLY
from jupyter_devbox.spec.project import ExistingEnvironment
from jupyter_devbox.spec.written import FOLDER
from jupyter_devbox.workflow.base_age import BaseAge, base_age
from jupyter_devbox.workflow.box_facts import by_hand
from jupyter_devbox.workflow.boxes import box_group, box_target, cards_in_use, is_stale
from jupyter_devbox.workflow.capturing import capture_saved, own_interpreter
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.deaths import Death, last_death
from jupyter_devbox.workflow.drift import drift, names
from jupyter_devbox.workflow.making import image_tag, is_made_of
from jupyter_devbox.workflow.running_boxes import RunningBox, running_boxes
from jupyter_devbox.workflow.services import FoundService, found_services
from jupyter_devbox.workflow.splitting import group_names
from jupyter_devbox.workflow.using import boxes_use

_COUNT = """
import glob
count = 0
for path in glob.glob("/proc/[0-9]*/cmdline"):
    try:
        count += open(path, "rb").read().split(b"\\0")[1:3] == [b"-m", b"ipykernel_launcher"]
    except OSError:
        pass
print(count)
"""


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
class BoxStatus:
    """A box of the project. `stale`: the files changed since its image was built.

    `use` is what it uses of the machine, None while it does not run; `gpus` are the cards that it
    sees, with how busy they are. `added`, `removed` and `apt` are what was done in it by hand and
    the files do not say: for the newest running box of an environment.
    """

    id: str
    target: str
    running: bool
    stale: bool
    group: str = ONLY
    kernels: int = 0
    use: BoxUse | None = None
    gpus: tuple[GpuUse, ...] = ()
    added: tuple[HandPackage, ...] = ()
    removed: tuple[str, ...] = ()
    apt: tuple[str, ...] = ()

    @property
    def drift(self) -> bool:
        """Whether something was done by hand that is lost with the box."""
        return bool(self.added or self.removed or self.apt)


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
            "boxes": [
                {
                    "id": b.id,
                    "target": b.target,
                    **({"group": b.group} if b.group else {}),
                    "running": b.running,
                    "kernels": b.kernels,
                    "stale": b.stale,
                    "use": b.use.to_json() if b.use else None,
                    "gpus": [gpu.to_json() for gpu in b.gpus],
                    "added": [package.to_json() for package in b.added],
                    "removed": list(b.removed),
                    "apt": list(b.apt),
                }
                for b in self.boxes
            ],
            "services": [{"name": s.name, "running": s.running} for s in self.services],
            "image": self.image,
            "image_stale": self.image_stale,
            "base": self.base.to_json() if self.base else None,
            "drift": self.drift,
            "last_death": self.death.to_json() if self.death else None,
        }


def project_status(context: Context, project: Project) -> ProjectStatus:
    """Return how the project stands; changes nothing, and needs no engine."""
    environments = {
        name: read_environment(project.root, "cpu", name) for name in group_names(project)
    }
    notebooks = tuple(
        _drift(context, project, name, existing, group)
        for group, existing in environments.items()
        for name in existing.notebooks
    )
    try:
        engine: Engine | None = context.connect()
    except EngineError:
        engine = None
    images = {
        group: image
        for group in (environments if engine else ())
        if engine and (image := engine.image(image_tag(project, "cpu", group)))
    }
    stale = any(
        not is_made_of(image, project.root / FOLDER, "cpu", group)
        for group, image in images.items()
    )
    return ProjectStatus(
        project=project,
        notebooks=notebooks,
        boxes=_boxes(context, engine, project),
        image=next((image.id for image in images.values()), None),
        image_stale=stale,
        engine=engine is not None,
        base=base_age(engine, project.root, next(iter(images.values()), None)) if engine else None,
        services=_services(context, engine, project),
        death=last_death(context, str(project.root)),
    )


def _services(
    context: Context, engine: Engine | None, project: Project
) -> tuple[FoundService, ...]:
    """Return the databases beside the project's boxes, as far as we started them."""
    if engine is None:
        return ()
    found = found_services(context, engine)
    return tuple(s for s in found if s.kind == "service" and s.project == str(project.root))


def _drift(
    context: Context, project: Project, name: str, existing: ExistingEnvironment, group: str
) -> NotebookDrift:
    path = project.root / name
    found = drift(capture_saved(context, path, project), existing)
    # Versions of another environment than the notebook's say nothing of it.
    versions = own_interpreter(path) is not None
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


def _boxes(context: Context, engine: Engine | None, project: Project) -> tuple[BoxStatus, ...]:
    if engine is None:
        return ()
    found = engine.containers({LABEL_KIND: "box", LABEL_PROJECT: str(project.root)})
    uses = boxes_use(engine, found)
    newest = {box.id: box for box in running_boxes(context, engine, project)}
    return tuple(
        BoxStatus(
            id=box.id,
            target=box_target(box),
            group=box_group(box),
            running=box.status == "running",
            stale=is_stale(engine, box, project.root),
            kernels=_kernels(engine, box.id) if box.status == "running" else 0,
            use=uses.get(box.id),
            gpus=cards_in_use(engine, box),
            **_by_hand(engine, project, newest.get(box.id)),
        )
        for box in found
    )


def _by_hand(engine: Engine, project: Project, box: RunningBox | None) -> dict[str, Any]:
    """Return what was done in a box by hand, as far as the files do not say it."""
    if box is None:
        return {}
    try:
        found = by_hand(engine, box)
    except EngineError:  # it ended this moment
        return {}
    existing = read_environment(project.root, box.target, box.group)
    new = additions(found, existing, ())
    return {"added": unlocked(found, existing.locked), "removed": new.drop, "apt": new.apt}


def _kernels(engine: Engine, container: str) -> int:
    """Return how many kernels run in a box, whoever started them; 0 if it does not say."""
    command = ExecSpec(command=("python3", "-c", _COUNT))
    try:
        said = engine.run(container, command).stdout.strip()
    except EngineError:  # it ended this moment
        return 0
    return int(said) if said.isdigit() else 0
