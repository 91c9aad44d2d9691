"""What an engine can do with graphics cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

GpuWay = Literal["runtime", "cdi", ""]
"""NVIDIA's runtime or hook; the Container Device Interface; none that the engine tells of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuSupport:
    """How an engine gives cards to a container.

    Parameters
    ----------
    way
        ``""`` is no proof that it can't: Docker does not tell of a hook on its own PATH. Only a
        start does.
    devices
        Qualified names that it knows by CDI, such as ``nvidia.com/gpu=all``; () if it tells none.
    """

    way: GpuWay = ""
    devices: tuple[str, ...] = ()
