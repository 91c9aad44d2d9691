"""`sync`: what was installed in the box by hand goes into the project's files and image."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import (
    AddressedPackageError,
    PackageConflictError,
    ResolutionError,
)
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.plan.adding import Additions, Clash, additions, clashes
from jupyter_devbox.spec.by_hand import HandPackage
from jupyter_devbox.spec.environment import Target
from jupyter_devbox.spec.names import normalise, parse_requirement
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.workflow.box_facts import BoxFacts, box_facts
from jupyter_devbox.workflow.containerize import containerize_in_turn
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.plans import EnvironmentPlan
from jupyter_devbox.workflow.requests import ContainerizeRequest, ContainerizeResult, Event
from jupyter_devbox.workflow.running_boxes import require_running
from jupyter_devbox.workflow.turns import turn

_TAKE = "jupyter devbox sync --yes takes the versions of the lock"
_ANOTHER = "install another version in the box, then: jupyter devbox sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRequest:
    """One call of `sync`.

    Parameters
    ----------
    snapshot
        What a kernel in the box said of its notebook, unsaved cells included; None for none asked.
    wishes
        More than the boxes say: options of this call.
    others are as in `ContainerizeRequest`.
    """

    project: Project
    snapshot: KernelSnapshot | None = None
    wishes: ProjectOptions = field(default_factory=ProjectOptions)
    build: bool = True
    dry_run: bool = False
    yes: bool = False
    by_user: bool = True
    agreed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncedBox:
    """A running box, and what of it went into the files."""

    facts: BoxFacts
    additions: Additions

    def to_json(self) -> dict[str, Any]:
        """Return an entry of ``boxes`` in `sync --json`."""
        box = self.facts.box
        return {
            "id": box.id,
            "target": box.target,
            **({"group": box.group} if box.group else {}),
            "added": [package.to_json() for package in self.additions.wanted],
            "removed": list(self.additions.drop),
            "apt": list(self.additions.apt),
            "left_out": [package.to_json() for package in self.additions.left_out],
            "kept": list(self.additions.kept),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncResult:
    """What `sync` did: the boxes that were looked at, and what `containerize` made of it."""

    boxes: tuple[SyncedBox, ...]
    made: ContainerizeResult

    @property
    def restart(self) -> bool:
        """Whether a box runs on another image than its environment has now."""
        images = {kernel.group: kernel.image for kernel in self.made.kernels}
        running = ((one.facts.box.group, one.facts.box.image) for one in self.boxes)
        return any(group in images and images[group] != image for group, image in running)

    def to_json(self) -> dict[str, Any]:
        """Return the object of `sync --json`: that of `containerize`, and the boxes."""
        return {
            **self.made.to_json(),
            "boxes": [box.to_json() for box in self.boxes],
            "restart": self.restart,
        }


def sync(
    context: Context,
    request: SyncRequest,
    on_event: Callable[[Event], None],
    cancel: threading.Event | None = None,
) -> SyncResult:
    """Pin what the project's running boxes have, lock again, write, and build the image.

    The boxes keep running. What notebooks use is taken from the saved files, in the versions that
    the boxes have. Another call that is at work on the project is awaited, and the boxes are asked
    after it has ended.

    Raises
    ------
    RunError
        No box of the project runs.
    PackageConflictError
        What was installed does not go with the lock; nothing was written.
    AddressedPackageError
        A notebook uses what the box has from an address, and does not say from which.
    DevboxError
        What else stands in the way, as in `containerize`.
    """
    project, engine = request.project, context.connect()
    require_running(context, engine, project)  # said at once, whoever is at work
    cancel = cancel or threading.Event()
    with turn(context, project, on_event, cancel, dry_run=request.dry_run) as tell:
        boxes = _synced(context, engine, request)
        made = _made(context, request, boxes, tell, cancel)
    return SyncResult(boxes=boxes, made=made)


def _synced(context: Context, engine: Engine, request: SyncRequest) -> tuple[SyncedBox, ...]:
    """Return the project's running boxes with what is to be done about them."""
    project = request.project
    found = []
    for box in require_running(context, engine, project):
        existing = read_environment(project.root, box.target, box.group)
        notebooks = read_environment(project.root, "cpu", box.group).notebooks
        facts = _with_live(box_facts(engine, box, project, notebooks), request.snapshot)
        found.append(SyncedBox(facts=facts, additions=additions_of(facts, existing)))
    return tuple(found)


def _with_live(facts: BoxFacts, live: KernelSnapshot | None) -> BoxFacts:
    """Return the facts with what a running kernel said, in place of its notebook's saved file."""
    if live is None:
        return facts
    said = tuple(live if one.notebook == live.notebook else one for one in facts.snapshots)
    return replace(facts, snapshots=said)


def additions_of(facts: BoxFacts, existing: ExistingEnvironment) -> Additions:
    """Return what a box's changes come to.

    Raises
    ------
    AddressedPackageError
        A notebook uses a package whose address the box alone names.
    """
    found = additions(facts.by_hand, existing, facts.snapshots)
    for snapshot in facts.snapshots:
        used = {requirement.name for requirement in snapshot.requirements}
        for package in found.left_out:
            if package.name in used:
                message = (
                    f"{snapshot.notebook} uses a package that was installed in the box from an "
                    f"address: `{package.name} {package.version}`"
                )
                hint = "say in the notebook from where: %pip install git+https://…"
                raise AddressedPackageError(message, hint=hint)
    return found


def _made(
    context: Context,
    request: SyncRequest,
    boxes: tuple[SyncedBox, ...],
    on_event: Callable[[Event], None],
    cancel: threading.Event,
) -> ContainerizeResult:
    project = request.project
    targets: tuple[Target, ...] = tuple(dict.fromkeys(one.facts.box.target for one in boxes))
    snapshots = {s.notebook: s for one in reversed(boxes) for s in one.facts.snapshots}
    wanted = {package.name: package for one in boxes for package in one.additions.wanted}
    order = ContainerizeRequest(
        notebooks=tuple(project.root / name for name in snapshots),
        project=project.root,
        snapshots=tuple(snapshots.values()),
        targets=targets,
        wishes=_wishes(request.wishes, boxes),
        build=request.build and not request.dry_run,
        dry_run=request.dry_run,
        yes=request.yes,
        by_user=request.by_user,
        agreed=request.agreed,
        check=None if request.yes else _Checker(project, boxes, request.wishes),
    )
    try:
        return containerize_in_turn(context, order, on_event, cancel)
    except ResolutionError as error:
        if not wanted or request.yes:
            raise
        before = read_environment(project.root).locked
        listed = tuple(
            Clash(name=p.name, box=p.version, lock=before.get(p.name, ""), planned="")
            for p in wanted.values()
        )
        raise _conflict(listed, _ANOTHER, error.details) from error


def _wishes(asked: ProjectOptions, boxes: tuple[SyncedBox, ...]) -> ProjectOptions:
    """Return the options of this call: the user's own word before what boxes have."""
    own = {normalise(parse_requirement(text).name) for text in asked.include} | {*asked.drop}
    include: dict[str, str] = {}
    for one in boxes:
        for text in one.additions.include:
            include.setdefault(normalise(parse_requirement(text).name), text)
    listed = (text for name, text in include.items() if name not in own)
    return ProjectOptions(
        include=(*asked.include, *listed),
        exclude=asked.exclude,
        drop=tuple(dict.fromkeys((*asked.drop, *(n for b in boxes for n in b.additions.drop)))),
        apt=tuple(dict.fromkeys((*asked.apt, *(n for b in boxes for n in b.additions.apt)))),
        exclude_apt=asked.exclude_apt,
    )


@dataclass(frozen=True, slots=True)
class _Checker:
    """Refuses a plan whose lock has something else than the boxes."""

    project: Project
    boxes: tuple[SyncedBox, ...]
    asked: ProjectOptions

    def __call__(self, plan: EnvironmentPlan) -> None:
        """Raise `PackageConflictError` for the boxes of this environment."""
        own = {normalise(parse_requirement(text).name) for text in self.asked.include}
        for one in self.boxes:
            box = one.facts.box
            if box.group != plan.spec.group:
                continue
            spec, lock = plan.for_target(box.target)
            found = tuple(
                clashes(
                    [p for p in one.additions.wanted if p.name not in {*own, *self.asked.drop}],
                    {requirement.name for requirement in spec.requirements} - own,
                    read_environment(self.project.root, box.target, box.group).locked,
                    lock,
                    _installed(one.facts),
                )
            )
            if found:
                raise _conflict(found)


def _installed(facts: BoxFacts) -> Mapping[str, str]:
    """Return name → version of what a box has, as far as it was asked."""
    found = {d.name: d.version for s in facts.snapshots for d in s.installed}
    packages: tuple[HandPackage, ...] = (*facts.by_hand.added, *facts.by_hand.brought)
    return found | {package.name: package.version for package in packages}


def _conflict(
    found: tuple[Clash, ...], hint: str = _TAKE, details: tuple[str, ...] = ()
) -> PackageConflictError:
    """Return the error that names both versions of each package."""
    rows = tuple(
        f"{clash.name}: {clash.box or 'none'} in the box, {clash.lock or 'none'} in the lock"
        + (f", {clash.planned} would be" if clash.planned not in {"", clash.lock} else "")
        for clash in found
    )
    return PackageConflictError(_cause(found[0]), hint=hint, details=(*rows, *details))


def _cause(clash: Clash) -> str:
    """Return the first clash in a sentence, its value last."""
    other = clash.lock or clash.planned
    if clash.planned and clash.lock == clash.box:
        return f"{clash.name} {clash.lock} would have to become: `{clash.name} {clash.planned}`"
    if not other:
        return f"This does not go with what is locked: `{clash.name} {clash.box}`"
    return (
        f"{clash.name} {clash.box} is in the box, and does not go with the lock, which has: "
        f"`{clash.name} {other}`"
    )
