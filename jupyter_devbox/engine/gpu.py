"""Find the graphics cards and the driver of the machine that boxes run on.

The order is uv's (docs.astral.sh/uv, "Using uv with PyTorch", automatic backend selection), so that
``uv pip install --torch-backend=auto`` and we decide alike.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from jupyter_devbox.engine import nvidia_smi
from jupyter_devbox.engine.base import Engine
from jupyter_devbox.engine.nvidia_smi import CARD_FIELDS, OLD_CARD_FIELDS, PROGRAM, question
from jupyter_devbox.engine.process import run_process
from jupyter_devbox.errors import DevboxError, EngineError
from jupyter_devbox.spec.box import LABEL_KIND
from jupyter_devbox.spec.container import ContainerSpec, ExecSpec
from jupyter_devbox.spec.gpu import GpuHost, GpuRequest
from jupyter_devbox.spec.gpu_use import GpuUse

OVERRIDE = "UV_CUDA_DRIVER_VERSION"
"""The user's word for a driver that is not this machine's; uv takes it too."""
IN_CONTAINER = f"{PROGRAM} in a container"

_MODULE = "sys/module/nvidia/version"
_KERNEL = "proc/driver/nvidia/version"
_ELSEWHERE = ("/usr/lib/wsl/lib", "/usr/local/nvidia/bin")
"""Where it is without being on PATH: Windows' WSL 2, and containers of a cluster."""
_PATIENCE = 10.0
"""Seconds. It takes 0.02 with the driver awake; a driver that sleeps wakes up for seconds."""


def _nobody(kind: str, container: str) -> None:
    """Tell nobody."""


def find_gpus(
    env: Mapping[str, str],
    *,
    engine: Engine | None = None,
    image: str = "",
    record: Callable[[str, str], None] = _nobody,
    root: Path = Path("/"),
) -> GpuHost:
    """Return driver and cards of the machine that boxes run on; what is not found is empty.

    Parameters
    ----------
    env
        Its `UV_CUDA_DRIVER_VERSION` goes before any driver that is found, and is not checked.
    engine
        Where it is not local, a container looks; None looks on this machine.
    image
        Id of an image for that container; "" for none, and then nothing is known of that machine.
    record
        Told of the container before it starts, so that `prune` finds it.
    root
        Where the kernel's files lie.
    """
    if engine is None or engine.info().local:
        host = _on_this_machine(env, root)
    else:
        host = GpuHost()
        with suppress(DevboxError):  # no cards, or none for containers: that is an answer too
            host = probe_gpus(engine, image, record=record) if image else host
    told = env.get(OVERRIDE, "").strip()
    return replace(host, driver=told, origin=OVERRIDE) if told else host


def probe_gpus(
    engine: Engine, image: str, *, record: Callable[[str, str], None] = _nobody
) -> GpuHost:
    """Return what a container of an engine sees, which is also the proof that it gets cards.

    The container is always removed. It takes 0.2 s to be refused, and 0.4 s to see a card, as
    measured with a false one; a driver that sleeps wakes up for seconds.

    Parameters
    ----------
    image
        Id of any image whose programs are linked as Debian's are.

    Raises
    ------
    GpuUnavailableError
        The engine gives no cards to containers.
    EngineError
        It does not answer, or has no such image.
    """
    command = ("timeout", f"{_PATIENCE:.0f}", PROGRAM, *question(CARD_FIELDS))
    container = engine.create(
        ContainerSpec(
            image=image,
            command=command,
            network="none",
            gpus=GpuRequest(),
            labels={LABEL_KIND: "kernel"},
        )
    )
    try:
        record("kernel", container)
        engine.start(container)
        ended = engine.wait(container)
        answer = "\n".join(engine.logs(container, 64)) if ended == 0 else ""
    finally:
        engine.remove(container)
    return _host(answer, CARD_FIELDS, IN_CONTAINER)


def gpu_use(engine: Engine, box: str, user: str = "") -> tuple[GpuUse, ...]:
    """Return how busy the cards that a running box sees are; () if it sees none.

    Parameters
    ----------
    user
        Who asks there; "" for the box's own user.
    """
    command = ("timeout", f"{_PATIENCE:.0f}", PROGRAM, *question(nvidia_smi.USE_FIELDS))
    try:
        answer = engine.run(box, ExecSpec(command=command, user=user))
    except EngineError:  # it ended this moment
        return ()
    return nvidia_smi.uses(answer.stdout) if answer.exit_code == 0 else ()


def _on_this_machine(env: Mapping[str, str], root: Path) -> GpuHost:
    host = _asked(env)
    for name, read in ((_MODULE, nvidia_smi.driver_version), (_KERNEL, nvidia_smi.module_version)):
        with suppress(OSError):
            if version := read((root / name).read_text(encoding="utf-8", errors="replace")):
                return replace(host, driver=version, origin=f"/{name}")
    return host


def _asked(env: Mapping[str, str]) -> GpuHost:
    """Return what this machine's own nvidia-smi tells."""
    path = os.pathsep.join([env.get("PATH", os.defpath), *_ELSEWHERE])
    program = shutil.which(PROGRAM, path=path)
    if program is None:
        return GpuHost()
    for fields in (CARD_FIELDS, OLD_CARD_FIELDS):
        try:
            answer = run_process([program, *question(fields)], timeout=_PATIENCE)
        except EngineError:  # it hangs, as it does over a broken driver, or is no program
            return GpuHost()
        if answer.exit_code == 0:
            return _host(answer.stdout, fields, PROGRAM)
    return GpuHost()


def _host(answer: str, fields: tuple[str, ...], origin: str) -> GpuHost:
    version = nvidia_smi.driver(answer, fields)
    cards = nvidia_smi.cards(answer, fields)
    return GpuHost(driver=version, origin=origin if version else "", gpus=cards)
