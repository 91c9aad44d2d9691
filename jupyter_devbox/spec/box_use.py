"""What a box uses of the machine, against its limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jupyter_devbox.spec.container import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One look at what a container uses; None for what the engine does not tell.

    Parameters
    ----------
    at
        When it was looked at, in seconds of a monotonic clock.
    memory
        In bytes, without the files that the system only keeps in memory because there is room.
    cpu_seconds
        Of processor time since its start.
    pids
        Its processes with their threads.
    """

    at: float
    memory: int | None = None
    cpu_seconds: float | None = None
    pids: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxUse:
    """Use and limits side by side; None for what is not known, and for a limit that is none.

    `cpus` is how many it kept busy while it was looked at.
    """

    memory: int | None = None
    memory_limit: int | None = None
    cpus: float | None = None
    cpus_limit: float | None = None
    pids: int | None = None
    pids_limit: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the object of `status --json` and of the REST interface."""
        return {
            "memory": self.memory,
            "memory_limit": self.memory_limit,
            "cpus": self.cpus,
            "cpus_limit": self.cpus_limit,
            "pids": self.pids,
            "pids_limit": self.pids_limit,
        }


def box_use(before: Usage, now: Usage, limits: Limits) -> BoxUse:
    """Return what two looks at a container and its limits say."""
    cpus = None
    passed = now.at - before.at
    if before.cpu_seconds is not None and now.cpu_seconds is not None and passed > 0:
        cpus = round(max(0.0, now.cpu_seconds - before.cpu_seconds) / passed, 2)
    return BoxUse(
        memory=now.memory,
        memory_limit=limits.memory or None,
        cpus=cpus,
        cpus_limit=limits.cpus or None,
        pids=now.pids,
        pids_limit=limits.pids or None,
    )
