"""What the running boxes use, asked of the engine alone: no program runs in them for it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import EngineError
from jupyter_devbox.spec.box_use import BoxUse, Usage, box_use
from jupyter_devbox.spec.container import ContainerInfo

_BETWEEN = 0.1
"""Seconds between two looks: an engine tells the processor time that has passed, not the moment's
use. Groups of processes are counted in microseconds, so that this is enough."""


def boxes_use(engine: Engine, containers: Sequence[ContainerInfo]) -> dict[str, BoxUse]:
    """Return id → use of those containers that run; all are looked at together, twice."""
    running = [each for each in containers if each.status == "running"]
    before = _looks(engine, running)
    if not before:
        return {}
    time.sleep(_BETWEEN)
    now = _looks(engine, running)
    return {
        each.id: box_use(before[each.id], now[each.id], each.limits)
        for each in running
        if each.id in before and each.id in now
    }


def _looks(engine: Engine, containers: Sequence[ContainerInfo]) -> dict[str, Usage]:
    found = {}
    for each in containers:
        try:
            usage = engine.usage(each.id)
        except EngineError:  # it went away this moment, or does not answer in time
            continue
        if usage is not None:
            found[each.id] = usage
    return found
