"""Databases that Compose started beside our boxes: found by the ledger and Compose's own labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.run.composed import is_box, service_containers
from jupyter_devbox.spec.compose_project import LABEL_COMPOSE
from jupyter_devbox.workflow.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundService:
    """A container beside a box, or a volume with what the user stored in one.

    `project` is the folder of the project that it belongs to.
    """

    kind: Literal["service", "volume"]
    id: str
    name: str
    project: str
    running: bool = False


def found_services(context: Context, engine: Engine) -> Iterator[FoundService]:
    """Yield the containers beside our boxes, and the volumes of their Compose projects."""
    here = engine.info().id
    for entry in context.ledger.entries("compose"):
        if entry.facts.get("engine", here) != here:
            continue
        project = entry.facts.get("project", "")
        for each in service_containers(engine, entry.id):
            if not is_box(each):
                yield FoundService(
                    kind="service",
                    id=each.id,
                    name=each.name,
                    project=project,
                    running=each.status == "running",
                )
        for volume in engine.volumes({LABEL_COMPOSE: entry.id}):
            yield FoundService(kind="volume", id=volume, name=volume, project=project)


def forget_services(context: Context, engine: Engine) -> None:
    """Remove what nothing is left of: the network of a Compose project, and our note of it."""
    for entry in context.ledger.entries("compose"):
        labels = {LABEL_COMPOSE: entry.id}
        if entry.facts.get("engine") == engine.info().id and not engine.containers(labels):
            engine.remove_networks(labels)
            if not engine.volumes(labels):
                context.ledger.forget("compose", entry.id)
