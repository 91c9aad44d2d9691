"""BuildKit's steps → the four phases of a build that a user sees. Pure.

BuildKit runs stages side by side and repeats itself; a phase begins with its first step and is done
when none of its steps runs any more while a later phase does, or when the build has ended.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from jupyter_devbox.build.packages import PackageCount
from jupyter_devbox.spec.events import PHASES, BuildEvent, LogEvent, Phase, PhaseEvent, StepEvent

_BASE: Phase = "Base image"
_SYSTEM: Phase = "System packages"
_PYTHON: Phase = "Python packages"
_FINISH: Phase = "Finish image"

_APT = re.compile(r"\bapt(?:-get)?\b[^&;|]*\binstall\b")
_PIP = re.compile(r"(?<![\w.-])(?:pip3?|uv)\s+(?:-\S+\s+)*(?:pip\s+)?(?:install|sync|wheel|venv)\b")
_INSTRUCTION = re.compile(r"^\[(?!internal\])(?P<stage>[^\]]*?) ?\d+/\d+\] (?P<word>\w+)")
_EXPORT = re.compile(
    r"^(?:exporting|writing|naming|preparing layers|sending|importing to|unpacking)"
)


@dataclass(slots=True)
class _State:
    """How one phase stands."""

    begun: bool = False
    over: bool = False
    transferred: bool = False
    running: set[str] = field(default_factory=set)
    seconds: dict[str, float] = field(default_factory=dict)
    cached: dict[str, bool] = field(default_factory=dict)


class PhaseTracker:
    """Groups one build's steps, in the order in which they are reported.

    Parameters
    ----------
    packages
        How many Python packages the lock has; 0 if unknown.
    """

    def __init__(self, packages: int = 0) -> None:
        self._phases: dict[str, Phase] = {}
        self._states = {phase: _State() for phase in PHASES}
        self._count = PackageCount(packages)
        self._with_packages: set[str] = set()
        self._failed = False
        self.current: Phase = _BASE
        """The phase whose step was begun last: where a build stopped."""

    def phase_of(self, step: StepEvent) -> Phase:
        """Return the phase that a step belongs to; once decided, it stays."""
        if step.step not in self._phases:
            self._phases[step.step] = self._classify(step.name)
        return self._phases[step.step]

    def _classify(self, name: str) -> Phase:
        """Return the phase for a name of BuildKit's, such as ``[final 3/6] RUN useradd jovyan``.

        What is of no kind of its own prepares the system, and after its stage's packages finishes
        the image.
        """
        if _EXPORT.match(name):
            return _FINISH
        instruction = _INSTRUCTION.match(name)
        if instruction is None or instruction["word"].upper() == "FROM":
            return _BASE
        if _PIP.search(name):
            self._with_packages.add(instruction["stage"])
            return _PYTHON
        if _APT.search(name) or instruction["stage"] not in self._with_packages:
            return _SYSTEM
        return _FINISH

    def see(self, step: StepEvent) -> list[BuildEvent]:
        """Return what a step's report means for the phases."""
        phase = self.phase_of(step)
        state = self._states[phase]
        events: list[BuildEvent] = []
        match step.status:
            case "started":
                events += self._begin(phase, state, step)
            case "progress":
                state.transferred = state.transferred or step.total > 0
                events += self._progress(phase, step)
            case "done":
                self._end(state, step)
            case "failed" if step.stopped:
                pass  # it was not done, so neither is its phase; a step begun anew may yet be
            case "failed":
                self._end(state, step)
                events += self.fail(phase)
        return events + self._close_passed()

    def _begin(self, phase: Phase, state: _State, step: StepEvent) -> list[BuildEvent]:
        state.running.add(step.step)
        goes_on = False
        if _INSTRUCTION.match(step.name) or phase == _FINISH:
            self.current = phase
            # Podman goes through one stage after the other, each with a base: that is no news.
            goes_on = state.over and phase != _BASE
            state.over = state.over and not goes_on
        if state.begun and not goes_on:
            return []
        state.begun = True
        return [PhaseEvent(phase=phase, status="started")]

    def _progress(self, phase: Phase, step: StepEvent) -> list[BuildEvent]:
        if not step.line:
            return []
        events: list[BuildEvent] = [LogEvent(phase=phase, line=step.line)]
        if phase == _PYTHON and self._count.see(step.line):
            count = self._count
            events.append(
                PhaseEvent(
                    phase=phase,
                    status="progress",
                    detail=count.detail,
                    current=count.current,
                    total=count.total,
                )
            )
        return events

    @staticmethod
    def _end(state: _State, step: StepEvent) -> None:
        state.running.discard(step.step)
        state.seconds[step.step] = step.seconds or 0.0
        state.cached[step.step] = step.cached

    def _close_passed(self) -> list[BuildEvent]:
        """End the phases of which nothing runs while a later one does."""
        events: list[BuildEvent] = []
        later = False
        for phase in reversed(PHASES):
            state = self._states[phase]
            if later and not state.running:
                events += self._done(phase)
            later = later or bool(state.running)
        return events[::-1]

    def _done(self, phase: Phase) -> list[BuildEvent]:
        state = self._states[phase]
        if not state.begun or state.over:
            return []
        state.over = True
        # Looking up a local base image is a step that BuildKit never caches: no transfer, no news.
        cached = not state.transferred if phase == _BASE else all(state.cached.values())
        number = self._count.total or self._count.current if phase == _PYTHON else 0
        return [
            PhaseEvent(
                phase=phase,
                status="done",
                detail=f"{number} package{'s' * (number != 1)}" if number else "",
                cached=cached,
                seconds=None if cached else sum(state.seconds.values()),
                current=number,
                total=number,
            )
        ]

    def fail(self, phase: Phase | None = None) -> list[BuildEvent]:
        """Mark a phase, by default the current one, as the one at which the build failed; once."""
        phase = phase or self.current
        if self._failed:
            return []
        self._failed = True
        self.current = phase
        state = self._states[phase]
        state.begun = state.over = True
        return [PhaseEvent(phase=phase, status="failed", seconds=sum(state.seconds.values()))]

    def finish(self) -> list[BuildEvent]:
        """End what is still open: the build has succeeded."""
        return [event for phase in PHASES for event in self._done(phase)]
