"""Limits against what the machine has that boxes run on."""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import EngineError
from jupyter_devbox.run.death import size
from jupyter_devbox.spec.container import Limits
from jupyter_devbox.spec.limit_words import read_words, written


def limit_warnings(
    engine: Engine | None, now: Limits, asked: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """Return code and sentence of each limit that the machine cannot reach; () without an engine.

    Such a limit holds nothing up: a project goes to other machines too, and here the box gets what
    there is.

    Parameters
    ----------
    now
        Those that the project has.
    asked
        Those that are asked for on top, as the user writes them.

    Raises
    ------
    ConfigurationError
        One is not well formed.
    """
    limits = read_words({**written(now), **asked})
    try:
        info = engine.info() if engine else None
    except EngineError:  # it went away this moment
        info = None
    if info is None:
        return ()
    found = []
    if info.memory:
        for what, wanted in (("memory", limits.memory), ("shared memory", limits.shm)):
            if wanted > info.memory:
                has = f"`{size(wanted)} of {size(info.memory)}`"
                found.append(f"The limit of {what} is more than the machine has: {has}")
    if info.cpus and limits.cpus > info.cpus:
        has = f"`{limits.cpus:g} of {info.cpus}`"
        found.append(f"The limit of CPUs is more than the machine has, so it is all of them: {has}")
    return tuple(("limit_beyond_machine", sentence) for sentence in found)
