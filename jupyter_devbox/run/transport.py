"""How traffic gets in and out of a box: tried once, never guessed from a name."""

from __future__ import annotations

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import TransportError
from jupyter_devbox.run.probe import probe
from jupyter_devbox.run.runtime_dir import RuntimeDir
from jupyter_devbox.run.stream import probe_stream
from jupyter_devbox.spec.box import TRANSPORTS, Transport


def prove(engine: Engine, container: str, runtime: RuntimeDir) -> Transport:
    """Find out which transport a running box of ours has, and remember it.

    Raises
    ------
    TransportError
        Neither works; `details` say why.
    """
    try:
        probe(engine, container, runtime)
        found: Transport = "mount"
    except TransportError as first:
        try:
            probe_stream(engine, container)
            found = "stream"
        except TransportError as error:
            error.details = (first.message, *first.details, *error.details)
            raise
    remember(runtime, container, found)
    return found


def proven(runtime: RuntimeDir, container: str) -> Transport | None:
    """Return what was found for a box before; None if nothing."""
    for each in TRANSPORTS:
        if runtime.marked(_proof(container, each)):
            return each
    return None


def remember(runtime: RuntimeDir, container: str, transport: Transport) -> None:
    """Note what a box's transport is."""
    runtime.mark(_proof(container, transport))


def _proof(container: str, transport: Transport) -> str:
    """Return the name under which a box's proven transport is noted."""
    return f"proven-{container[:12]}-{transport}"
