"""How busy a graphics card is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuUse:
    """One card as a box sees it: untrusted, as all that a box says.

    Parameters
    ----------
    index
        Its number in the box.
    memory
        In bytes; 0 if unknown.
    memory_used
        In bytes, by all programs of the machine; None if unknown.
    utilization
        Percent of the last moments in which it computed; None if unknown, as with MIG.
    """

    index: int
    name: str = ""
    memory: int = 0
    memory_used: int | None = None
    utilization: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the object of `status --json` and of the REST interface."""
        return {
            "index": self.index,
            "name": self.name,
            "memory": self.memory,
            "memory_used": self.memory_used,
            "utilization": self.utilization,
        }
