"""The engine's side of `status`: image, boxes and what was done in them, databases, the base."""

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
from jupyter_devbox.spec.written import FOLDER
from jupyter_devbox.workflow.base_age import BaseAge, base_age
from jupyter_devbox.workflow.box_facts import by_hand
from jupyter_devbox.workflow.box_labels import box_group, box_target, cards_in_use, is_stale
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.made_of import image_tag, is_made_of
from jupyter_devbox.workflow.running_boxes import RunningBox, running_boxes
from jupyter_devbox.workflow.services import FoundService, found_services
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

    def to_json(self) -> dict[str, Any]:
        """Return an entry of ``boxes`` in `status --json`."""
        return {
            "id": self.id,
            "target": self.target,
            **({"group": self.group} if self.group else {}),
            "running": self.running,
            "kernels": self.kernels,
            "stale": self.stale,
            "use": self.use.to_json() if self.use else None,
            "gpus": [gpu.to_json() for gpu in self.gpus],
            "added": [package.to_json() for package in self.added],
            "removed": list(self.removed),
            "apt": list(self.apt),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSide:
    """What the engine knows of a project; as in `ProjectStatus`."""

    boxes: tuple[BoxStatus, ...]
    image: str | None
    image_stale: bool
    base: BaseAge | None
    services: tuple[FoundService, ...]


def engine_side(
    context: Context, engine: Engine, project: Project, groups: tuple[str, ...]
) -> EngineSide:
    """Return what the engine knows of a project's environments; raises `EngineError`."""
    images = {
        group: image
        for group in groups
        if (image := engine.image(image_tag(project, "cpu", group)))
    }
    folder = project.root / FOLDER
    first = next(iter(images.values()), None)
    return EngineSide(
        boxes=_boxes(context, engine, project),
        image=first.id if first else None,
        image_stale=any(
            not is_made_of(image, folder, "cpu", group) for group, image in images.items()
        ),
        base=base_age(engine, project.root, first),
        services=_services(context, engine, project),
    )


def _services(context: Context, engine: Engine, project: Project) -> tuple[FoundService, ...]:
    """Return the databases beside the project's boxes, as far as we started them."""
    found = found_services(context, engine)
    return tuple(s for s in found if s.kind == "service" and s.project == str(project.root))


def _boxes(context: Context, engine: Engine, project: Project) -> tuple[BoxStatus, ...]:
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
