"""The images that we built on this machine."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import EngineError
from jupyter_devbox.spec.box import LABEL_GROUP, LABEL_TARGET
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.notebooks import reachable_engine
from jupyter_devbox.workflow.pruning import image_things, last_starts


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageState:
    """One image.

    Parameters
    ----------
    project
        The folder that it was built for; "" if the ledger does not say.
    bytes
        On disk.
    shared
        How much of that other images have too, so that removing this one does not free it; None
        where the engine does not tell.
    group
        The notebooks of the project that it is for; "" for all.
    created, last_used
        Seconds since the epoch; the last start of a container that is there, None where none is.
    used
        Why it stays; "" if it may go.
    """

    id: str
    name: str
    project: str
    target: str
    bytes: int
    created: float
    last_used: float | None
    used: str
    shared: int | None = None
    group: str = ""

    @property
    def own(self) -> int | None:
        """What removing it frees; None where the engine does not tell."""
        return None if self.shared is None else max(0, self.bytes - self.shared)


def images(context: Context) -> tuple[tuple[ImageState, ...], EngineError | None]:
    """Return our images, newest first, and why no engine answers."""
    engine, obstacle = reachable_engine(context)
    if engine is None:
        return (), obstacle
    try:
        found = _found(context, engine)
    except EngineError as error:  # it went away this moment
        return (), error
    return tuple(sorted(found, key=lambda image: (-image.created, image.id))), None


def _found(context: Context, engine: Engine) -> list[ImageState]:
    started = last_starts(engine)
    projects = {e.id: e.facts.get("project", "") for e in context.ledger.entries("image")}
    shared = engine.shared_bytes()
    states = []
    for thing in image_things(context, engine, started):
        info = engine.image(thing.id)
        if info is not None:
            states.append(
                ImageState(
                    id=thing.id,
                    name=thing.name,
                    project=projects.get(thing.id, ""),
                    target=info.labels.get(LABEL_TARGET, "cpu"),
                    bytes=thing.bytes,
                    created=info.created,
                    last_used=started.get(info.id) or None,
                    used=thing.used,
                    shared=shared.get(info.id),
                    group=info.labels.get(LABEL_GROUP, ""),
                )
            )
    return states
