"""The graphics cards of a machine, and what a container asks of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One NVIDIA card.

    `memory` in bytes, 0 if unknown; `compute_capability` such as ``8.6``, "" if unknown.
    """

    name: str = ""
    memory: int = 0
    compute_capability: str = ""
    uuid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuHost:
    """What is known of the machine that boxes run on.

    Parameters
    ----------
    driver
        Version of its NVIDIA driver, such as ``550.54.14``; "" if none was found.
    origin
        Where that was read, such as ``/sys/module/nvidia/version`` or ``--driver``.
    gpus
        Its cards, () if unknown.
    """

    driver: str = ""
    origin: str = ""
    gpus: tuple[Gpu, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuRequest:
    """Cards for a container, as ``docker run --gpus`` or a CDI device name asks for them.

    Parameters
    ----------
    devices
        Indexes, UUIDs or MIG names (``0``, ``GPU-…``, ``1:0``), sorted as asked; () means all.
    """

    devices: tuple[str, ...] = ()
