"""The state of the phases, built up from events: what every view draws."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from jupyter_devbox.spec.environment import Target
from jupyter_devbox.spec.events import PHASES, LogEvent, Phase, PhaseEvent
from jupyter_devbox.view.units import duration

_VENV: tuple[Phase, ...] = ("Pin versions", "Write files", "Python packages", "Add kernel")
_SHOWN = 200
"""Lines of the log that a view shows of a build that runs; all of them are on the disk."""

_FILES: tuple[Phase, ...] = ("Pin versions", "Write files")


def phases_for(targets: tuple[Target, ...], *, build: bool) -> tuple[Phase, ...]:
    """Return the phases that a call goes through."""
    if not build:
        return _FILES
    return _VENV if targets == ("venv",) else PHASES


@dataclass(slots=True)
class PhaseState:
    """One line of the progress block."""

    phase: Phase
    status: str = "waiting"
    detail: str = ""
    current: int = 0
    total: int = 0
    cached: bool = False
    started: float = 0.0
    seconds: float | None = None

    def parts(self, now: float) -> list[str]:
        """Return what is to be said behind the phase's name."""
        parts = [self.detail] if self.detail else []
        if self.status == "running" and self.total:
            parts = [f"{self.current} of {self.total}"]
        if self.cached:
            parts.append("cached")
        elif self.status == "running" and now - self.started >= 1:
            parts.append(duration(now - self.started))
        elif self.status == "done" and self.seconds is not None and self.seconds >= 1:
            parts.append(duration(self.seconds))
        elif self.status == "failed":
            parts = [f"after {duration(now - self.started)}"]
        return parts

    def summary(self, now: float) -> str:
        """Return the text behind the phase's name."""
        return " · ".join(self.parts(now))


@dataclass(slots=True)
class Progress:
    """All phases of a call, the current one, its last log line and the log's end."""

    phases: tuple[Phase, ...]
    started: float = field(default_factory=time.monotonic)
    states: dict[Phase, PhaseState] = field(default_factory=dict)
    last_line: str = ""
    log: deque[str] = field(default_factory=lambda: deque(maxlen=_SHOWN))

    def __post_init__(self) -> None:
        self.states = {phase: PhaseState(phase) for phase in self.phases}

    @property
    def current(self) -> Phase | None:
        """The phase to be named: the last one that runs, for stages run side by side."""
        begun = [s for s in self.states.values() if s.status != "waiting"]
        running = [s for s in begun if s.status in {"running", "failed"}]
        return (running or begun)[-1].phase if begun else None

    def apply(self, event: PhaseEvent | LogEvent) -> None:
        """Take in one event."""
        if isinstance(event, LogEvent):
            self.last_line = event.line
            self.log.append(event.line)
            return
        state = self.states.setdefault(event.phase, PhaseState(event.phase))
        if event.status == "started":
            state.status, state.started = "running", time.monotonic()
            state.cached, state.seconds = False, None
        if event.detail:
            state.detail = event.detail
        if event.total:
            state.current, state.total = event.current, event.total
        if event.status in {"done", "failed"}:
            state.status = event.status
            state.cached = event.cached
            state.seconds = event.seconds
            self.last_line = ""

    def fail(self) -> None:
        """Mark the running phase as failed: its error ended the call."""
        failed = [s for s in self.states.values() if s.status == "failed"]
        current = self.current
        if not failed and current and self.states[current].status == "running":
            self.states[current].status = "failed"

    def position(self) -> tuple[int, int]:
        """Return the number of the step at hand and how many there are."""
        done = sum(1 for state in self.states.values() if state.status == "done")
        return min(done + 1, len(self.states)), len(self.states)

    def fraction(self) -> float:
        """Return how much is done, 0 to 1, counted in steps and packages."""
        total = 0.0
        for state in self.states.values():
            if state.status == "done":
                total += 1
            elif state.status == "running" and state.total:
                total += min(state.current / state.total, 1)
        return total / max(len(self.states), 1)
