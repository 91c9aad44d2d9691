"""What a build tells while it runs, and what it leaves: build's output, every view's input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Phase = Literal[
    "Pin versions",
    "Write files",
    "Base image",
    "System packages",
    "Python packages",
    "Finish image",
    "Add kernel",
]
PHASES: tuple[Phase, ...] = (
    "Pin versions",
    "Write files",
    "Base image",
    "System packages",
    "Python packages",
    "Finish image",
    "Add kernel",
)
"""The seven phases, in order, in the words of the interface (ux/wording)."""

Status = Literal["started", "progress", "done", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseEvent:
    """A phase began, moved on or ended.

    Parameters
    ----------
    phase, status
        Which, and what happened to it.
    detail
        Short text behind the phase: ``64 packages``, ``4 files``, ``digits · CPU``.
    cached
        Whether every step of the phase came from the build cache.
    seconds
        Duration so far; None where it is not worth saying.
    current, total
        Packages done and in all, for the bar; 0, 0 when unknown.
    """

    phase: Phase
    status: Status
    detail: str = ""
    cached: bool = False
    seconds: float | None = None
    current: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvent:
    """One line that a step printed (terminal escapes removed)."""

    phase: Phase
    line: str


BuildEvent = PhaseEvent | LogEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEvent:
    """One BuildKit vertex as the engine reports it, not yet grouped into phases.

    Parameters
    ----------
    step
        Stable identity of the vertex within one build.
    name
        BuildKit's own name, such as ``[final 4/6] RUN …``.
    status
        started, progress (a log line or bytes), done or failed.
    cached, seconds
        As reported at its end.
    current, total
        Bytes of a transfer; 0, 0 when it is none.
    line
        A log line, terminal escapes removed; "" when there is none.
    error
        BuildKit's error text of a failed step.
    """

    step: str
    name: str
    status: Status
    cached: bool = False
    seconds: float | None = None
    current: int = 0
    total: int = 0
    line: str = ""
    error: str = ""

    @property
    def stopped(self) -> bool:
        """Whether it failed for no reason of its own: the build was cancelled, or failed beside it.

        Both words are BuildKit's.
        """
        return any(word in self.error for word in ("context canceled", "Canceled"))
