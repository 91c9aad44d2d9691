"""What `doctor` says of graphics cards: which there are, and whether boxes get them.

A machine without is well: a CUDA image can be planned and built there. Only a card that boxes
can't use is something missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.engine.gpu import OVERRIDE
from jupyter_devbox.engine.gpu_errors import toolkit
from jupyter_devbox.errors import DevboxError, EngineError
from jupyter_devbox.spec.gpu import Gpu, GpuHost
from jupyter_devbox.spec.gpu_support import GpuSupport
from jupyter_devbox.workflow.checks import Check
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.gpu_host import gpu_host, may_give_cards, probe_image, seen_in_a_box

_CARDS, _DRIVER, _BOXES = "gpu", "gpu driver", "gpu in boxes"


def gpu_checks(context: Context, engine: Engine | None) -> Iterator[Check]:
    """Yield the checks; `engine` is None where none answers, which another check says."""
    try:
        local = engine is None or engine.info().local
        host = gpu_host(context, engine)
    except EngineError as error:
        yield Check(name=_CARDS, ok=False, found=error.message, hint=error.hint)
        return
    told = host.origin == OVERRIDE
    if host.gpus or (host.driver and not told):
        yield _cards(host)
    else:
        yield _none(local=local, known=local or bool(engine and probe_image(engine)))
    if host.driver:
        yield Check(name=_DRIVER, ok=True, found=f"{host.driver} ({host.origin})")
    if engine is not None and host.gpus:
        yield _in_boxes(context, engine, local=local)


def _cards(host: GpuHost) -> Check:
    if host.gpus:
        kinds = Counter(map(_card, host.gpus)).items()
        found = "; ".join(f"{count} x {card}" if count > 1 else card for card, count in kinds)
        return Check(name=_CARDS, ok=True, found=found)
    found = "the NVIDIA driver is loaded, and nvidia-smi names no card"
    return Check(name=_CARDS, ok=False, found=found, hint="nvidia-smi")


def _card(card: Gpu) -> str:
    parts = [card.name or "an NVIDIA GPU"]
    if card.memory:
        parts.append(f"{card.memory / (1 << 30):.0f} GiB")
    if card.compute_capability:
        parts.append(f"compute capability {card.compute_capability}")
    return ", ".join(parts)


def _none(*, local: bool, known: bool) -> Check:
    where = "this machine has" if local else "the machine that boxes run on has"
    found = f"{where} no NVIDIA GPU; CUDA images can be planned and built, and run elsewhere"
    if not known:
        found = "unknown: boxes run on another machine, and no image of ours is there to look with"
    return Check(name=_CARDS, ok=True, found=found)


def _in_boxes(context: Context, engine: Engine, *, local: bool) -> Check:
    """Say what the engine answers to a box that asks for all cards."""
    support = engine.gpu_support()
    cure = toolkit(engine.info().name)
    try:
        image = probe_image(engine)
        if not image:
            return _untried(support, cure, local=local)
        seen = len(seen_in_a_box(context, engine, image).gpus)
    except DevboxError as error:
        return Check(name=_BOXES, ok=False, found=error.message, hint=error.hint)
    if not seen:
        found = "a box that asks for all GPUs starts, and nvidia-smi in it names none"
        return Check(name=_BOXES, ok=False, found=found, hint=cure)
    return Check(name=_BOXES, ok=True, found=f"a box sees {_count(seen)} ({_way(support)})")


def _untried(support: GpuSupport, cure: str, *, local: bool) -> Check:
    """Say what is to be expected while there is no image of ours to try it with."""
    if may_give_cards(support, local=local):
        found = f"not tried, for there is no image of ours yet ({_way(support)})"
        return Check(name=_BOXES, ok=True, found=found)
    found = "the engine has no NVIDIA support: no NVIDIA Container Toolkit found"
    return Check(name=_BOXES, ok=False, found=found, hint=cure)


def _way(support: GpuSupport) -> str:
    if support.way == "runtime":
        return "by NVIDIA's runtime"
    return f"by CDI: {', '.join(support.devices)}" if support.way else "by --gpus"


def _count(cards: int) -> str:
    return "1 GPU" if cards == 1 else f"{cards} GPUs"
