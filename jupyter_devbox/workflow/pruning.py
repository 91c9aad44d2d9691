"""`prune`: what we made on this machine, and its removal. Only what the ledger knows."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import EngineError
from jupyter_devbox.run.box import remove_box
from jupyter_devbox.run.kernelspec import installed_kernelspecs, remove_kernelspec
from jupyter_devbox.run.runtime_dir import default_base
from jupyter_devbox.spec.box import DEVCONTAINER_FOLDER, LABEL_KIND, LABEL_PROJECT
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.crashes import CORE, CRASH
from jupyter_devbox.workflow.services import forget_services, found_services
from jupyter_devbox.workflow.sweeping import sweep

_ORDER = ("kernelspec", "kernel", "box", "service", "volume", "image", "venv", "approval", "log")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One thing of ours.

    Parameters
    ----------
    bytes
        On disk.
    used
        Why it is kept; "" if it may go.
    last
        When it was last made or used, in seconds since the epoch; None where nothing tells.
    image
        The image that a container was made from; else "".
    """

    kind: str
    id: str
    name: str
    bytes: int = 0
    used: str = ""
    last: float | None = None
    image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What is removed of that which may go: only what is older, and only what is larger.

    Parameters
    ----------
    seconds
        Since it was last made or used; what has no age stays. 0 takes any.
    bytes
        Only what takes more on the disk; 0 takes any.
    """

    seconds: int = 0
    bytes: int = 0

    def spare(self, thing: Thing, now: float) -> str:
        """Return why a thing stays by these bounds; "" if it may go."""
        if self.seconds and (thing.last is None or now - thing.last <= self.seconds):
            return "it has no age" if thing.last is None else "it is not that old"
        return "it is not that large" if self.bytes and thing.bytes <= self.bytes else ""


NO_BOUNDS = Bounds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was removed (or would be), and what stays."""

    removed: tuple[Thing, ...]
    kept: tuple[Thing, ...]
    dry_run: bool

    def to_json(self) -> dict[str, Any]:
        """Return the object of `prune --json` (DESIGN, contracts)."""
        return {
            "removed": [{"kind": t.kind, "id": t.id, "bytes": t.bytes} for t in self.removed],
            "kept": [{"kind": t.kind, "id": t.id, "reason": t.used} for t in self.kept],
            "dry_run": self.dry_run,
        }


def prune(
    context: Context,
    *,
    everything: bool,
    act: bool,
    volumes: bool = False,
    bounds: Bounds = NO_BOUNDS,
) -> Pruned:
    """Remove what nothing uses any more, or everything of ours; show only, unless `act`.

    Parameters
    ----------
    everything
        Take running boxes, registered kernels and current images too: uninstall.
    act
        Whether to remove, or only to say what would be.
    volumes
        Take the volumes of databases too, which hold the user's data: of projects that have no
        kernel here, or with `everything` all.
    bounds
        Takes of all that only what is old or large enough; logs that are old enough too.
    """
    try:
        engine: Engine | None = context.connect()
    except EngineError:
        engine = None
    if act and engine is not None:
        sweep(context, engine, default_base())
    things = sorted(
        _things(context, engine, volumes=volumes), key=lambda t: (_ORDER.index(t.kind), t.name)
    )
    removed, kept = _parted(things, everything=everything, volumes=volumes, bounds=bounds)
    if act:
        for thing in removed:
            _remove(context, engine, thing)
        if engine is not None:
            forget_services(context, engine)
    return Pruned(removed=removed, kept=kept, dry_run=not act)


def _parted(
    things: list[Thing], *, everything: bool, volumes: bool, bounds: Bounds
) -> tuple[tuple[Thing, ...], tuple[Thing, ...]]:
    """Return what is removed and what stays, the latter with its reason."""
    now = time.time()
    removed: list[Thing] = []
    kept: list[Thing] = []
    for thing in things:  # containers come before the images that they are made from
        used = "" if everything or _is_old_log(thing, bounds) else thing.used
        used = thing.used if thing.kind == "volume" and not volumes else used
        used = used or bounds.spare(thing, now)
        if not used and thing.kind == "image" and any(thing.id == t.image for t in kept):
            used = "a box of it stays"
        if used:
            kept.append(replace(thing, used=used))
        else:
            removed.append(thing)
    return tuple(removed), tuple(kept)


def _is_old_log(thing: Thing, bounds: Bounds) -> bool:
    """Tell whether it is a log and its age is asked for: then that alone decides."""
    return thing.kind == "log" and bounds.seconds > 0


def _things(context: Context, engine: Engine | None, *, volumes: bool) -> Iterator[Thing]:
    specs = tuple(installed_kernelspecs(context.kernels))
    for spec in specs:
        alive = Path(str(spec.ours.get("project"))).is_dir()
        used = "registered for a project that is there" if alive else ""
        last = _modified(spec.folder / "kernel.json")
        yield Thing(kind="kernelspec", id=spec.name, name=spec.name, used=used, last=last)
    projects = {str(spec.ours.get("project")) for spec in specs}
    if engine is not None:
        yield from _containers(context, engine, projects)
        yield from _services(context, engine, projects, volumes=volumes)
        yield from image_things(context, engine, last_starts(engine))
    for entry in context.ledger.entries("venv"):
        folder = Path(entry.id)
        if folder.is_dir():
            used = "its kernel is registered" if entry.facts.get("project") in projects else ""
            size = sum(p.lstat().st_size for p in folder.rglob("*") if not p.is_dir())
            yield Thing(
                kind="venv",
                id=entry.id,
                name=folder.name,
                bytes=size,
                used=used,
                last=_modified(folder),
            )
    for project in context.approvals.projects():
        used = "its project is there" if Path(project).is_dir() else ""
        yield Thing(kind="approval", id=project, name=Path(project).name, used=used)
    logs = (log for ending in (".log", CORE) for log in sorted(context.logs.glob(f"*{ending}")))
    for log in (*logs, *sorted(context.builds.glob("*.*"))):
        state = log.stat()
        yield Thing(
            kind="log",
            id=str(log),
            name=log.name,
            bytes=state.st_size,
            used="a crash's" if log.name.startswith(CRASH) else "a build's log",
            last=state.st_mtime,
        )


def _modified(path: Path) -> float | None:
    """Return when a file or folder was last changed; None if it is gone."""
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def _services(
    context: Context, engine: Engine, projects: set[str], *, volumes: bool
) -> Iterator[Thing]:
    """Yield what runs beside boxes, and the volumes: they are the user's until he names them."""
    data = "" if volumes else "it holds data of yours: --volumes removes it"
    for found in found_services(context, engine):
        kept = "its project has a kernel" if found.project in projects else ""
        used = (kept or data) if found.kind == "volume" else ("it runs" if found.running else kept)
        yield Thing(kind=found.kind, id=found.id, name=found.name, used=used)


def _containers(context: Context, engine: Engine, projects: set[str]) -> Iterator[Thing]:
    for kind in ("kernel", "box"):
        for entry in context.ledger.entries(kind):
            container = engine.container(entry.id)
            if container is None:
                context.ledger.forget(kind, entry.id)
            elif container.labels.get(LABEL_KIND) == kind:
                kept = kind == "box" and container.labels.get(LABEL_PROJECT) in projects
                used = "it holds what was installed in it" if kept else ""
                used = "it runs" if container.status == "running" else used
                yield Thing(
                    kind=kind,
                    id=entry.id,
                    name=container.name,
                    used=used,
                    last=container.started or None,
                    image=container.image,
                )


def image_things(context: Context, engine: Engine, started: Mapping[str, float]) -> Iterator[Thing]:
    """Yield our images, each with why it stays; those that are gone are forgotten.

    Parameters
    ----------
    started
        As `last_starts`.
    """
    specs = installed_kernelspecs(context.kernels)
    registered = {str(spec.ours.get("image")) for spec in specs}
    for entry in context.ledger.entries("image"):
        image = engine.image(entry.id)
        if image is None:
            context.ledger.forget("image", entry.id)
            continue
        used = "its kernel is registered" if image.id in registered else ""
        name = image.tags[0] if image.tags else entry.facts.get("tag", entry.id)
        last = max(image.created, started.get(image.id, 0.0))
        yield Thing(
            kind="image", id=entry.id, name=name, bytes=image.size, used=used, last=last or None
        )


def last_starts(engine: Engine) -> dict[str, float]:
    """Return image id → when a container of it, ours or another client's, was last started."""
    started: dict[str, float] = {}
    for label in (LABEL_KIND, DEVCONTAINER_FOLDER):
        for container in engine.containers({label: ""}):
            last = started.get(container.image, 0.0)
            started[container.image] = max(container.started, last)
    return started


def _remove(context: Context, engine: Engine | None, thing: Thing) -> None:
    if thing.kind == "kernelspec":
        for spec in installed_kernelspecs(context.kernels):
            if spec.name == thing.id:
                remove_kernelspec(spec)
    elif thing.kind in {"kernel", "box"} and engine is not None:
        container = engine.container(thing.id)
        if container is not None:
            remove_box(engine, container, default_base())
    elif thing.kind == "service" and engine is not None:
        engine.remove(thing.id)
    elif thing.kind == "volume" and engine is not None:
        engine.remove_volume(thing.id)
    elif thing.kind == "image" and engine is not None:
        image = engine.image(thing.id)
        for tag in image.tags if image else ():
            engine.remove_image(tag)
        engine.remove_image(thing.id)
    else:
        _remove_files(context, thing)
    context.ledger.forget(thing.kind, thing.id)


def _remove_files(context: Context, thing: Thing) -> None:
    if thing.kind == "venv":
        shutil.rmtree(thing.id, ignore_errors=True)
    elif thing.kind == "approval":
        context.approvals.forget(thing.id)
    elif thing.kind == "log":
        Path(thing.id).unlink(missing_ok=True)
