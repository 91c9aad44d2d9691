"""The graphics cards of the machine that boxes run on, whichever machine that is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.engine.gpu import find_gpus, probe_gpus
from jupyter_devbox.spec.gpu import GpuHost
from jupyter_devbox.spec.gpu_support import GpuSupport
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.made_of import LABEL_PROJECT

_TOOLS = ("nvidia-ctk", "nvidia-container-runtime-hook", "nvidia-container-cli")
_Record = Callable[[str, str], None]


def gpu_host(context: Context, engine: Engine | None) -> GpuHost:
    """Return driver and cards of the machine that boxes run on; what is not found is empty.

    On this machine it takes 0.02 s, and seconds where the driver sleeps; where the engine runs
    elsewhere a container looks, which takes one.

    Parameters
    ----------
    engine
        None where none answers: then it is this machine.

    Raises
    ------
    EngineError
        The engine went away.
    """
    if engine is None or engine.info().local:
        return find_gpus(context.env)
    with _recorded(context, engine) as record:
        return find_gpus(context.env, engine=engine, image=probe_image(engine), record=record)


def seen_in_a_box(context: Context, engine: Engine, image: str) -> GpuHost:
    """Return what a container sees that asks for all cards; raises as `probe_gpus`."""
    with _recorded(context, engine) as record:
        return probe_gpus(engine, image, record=record)


def may_give_cards(support: GpuSupport, *, local: bool) -> bool:
    """Return whether an engine may give cards to boxes, by what it says and by what is installed.

    Docker does not tell of a hook that lies on its own PATH; only a start is a proof.
    """
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/bin", "/usr/local/bin"])
    installed = any(shutil.which(tool, path=path) for tool in _TOOLS)
    return bool(support.way) or not local or installed


def probe_image(engine: Engine) -> str:
    """Return the id of an image for a container that looks: the newest of ours, "" if none."""
    return next((image.id for image in engine.images({LABEL_PROJECT: ""})), "")


@contextmanager
def _recorded(context: Context, engine: Engine) -> Iterator[_Record]:
    """Yield what notes a container in the ledger; the notes are gone with the containers."""
    noted: list[tuple[str, str]] = []

    def record(kind: str, container: str) -> None:
        noted.append((kind, container))
        facts = {"engine": engine.info().id, "owner": context.ledger.mark()}
        context.ledger.record(kind, container, **facts)

    try:
        yield record
    finally:
        for kind, container in noted:
            context.ledger.forget(kind, container)
