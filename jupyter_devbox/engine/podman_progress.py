"""The output of ``podman build`` → `StepEvent`, with the names that BuildKit gives its steps.

Podman prints text alone: ``[2/3] STEP 4/9: RUN …`` when a step begins, ``--> Using cache`` when it
need not run, and the step's own output between. Steps never run side by side.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterator

from jupyter_devbox.engine.redact import printable
from jupyter_devbox.spec.events import Status, StepEvent

_STEP = re.compile(r"(?:\[(?P<stage>\d+)/\d+\] )?STEP (?P<number>\d+)/(?P<of>\d+): (?P<words>.*)")
_STAGE = re.compile(r"FROM\s+\S+\s+AS\s+(\S+)", re.IGNORECASE)
_EXIT = re.compile(r"exit status (\d+)")
_UNKNOWN = re.compile(r'Unknown instruction: "([^"]*)"')
_NOT_UNDERSTOOD = "unknown instruction"
_TEXT_KEPT = 200
_LONGEST_LINE = 16 * 1024


class PodmanParser:
    """Turns the output of one build into events.

    Parameters
    ----------
    redact
        Applied to every text before it becomes part of an event.
    now
        Seconds of a clock that never goes back.
    """

    def __init__(
        self, redact: Callable[[str], str] = str, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._redact = redact
        self._now = now
        self._tail = b""
        self._name = ""
        self._begun = 0.0
        self._cached = False
        self._number = 0
        self._stages: dict[str, str] = {}
        self._text: deque[str] = deque(maxlen=_TEXT_KEPT)
        self.reason = ""

    @property
    def text(self) -> tuple[str, ...]:
        """The last lines of the whole build."""
        return tuple(self._text)

    def feed(self, data: bytes) -> Iterator[StepEvent]:
        """Yield the events of the lines that these bytes complete."""
        *lines, self._tail = re.split(rb"\r?\n|\r", self._tail + data)
        if len(self._tail) > _LONGEST_LINE:
            lines, self._tail = [*lines, self._tail], b""
        for line in lines:
            yield from self._line(line)

    def close(self, status: int) -> Iterator[StepEvent]:
        """Yield the end of the last step, by the exit status of the whole build."""
        yield from self.feed(b"\n")
        if status == 0:
            yield from self._end("done")
        elif not self.reason.startswith(_NOT_UNDERSTOOD):
            yield from self._end("failed", error=self.reason)

    def _line(self, data: bytes) -> Iterator[StepEvent]:
        line = self._redact(printable(data.decode(errors="replace"))).rstrip()
        if not line:
            return
        self._text.append(line)
        if step := _STEP.fullmatch(line):
            yield from self._end("done")
            yield self._begin(self._named(step))
        elif line.startswith("--> Using cache"):
            self._cached = True
        elif "COMMIT" in line and re.match(r"(?:\[\d+/\d+\] )?COMMIT", line):
            yield from self._end("done")
            yield self._begin("exporting to image")
        elif line.startswith("Error: "):
            self.reason = _plain(line.removeprefix("Error: "))
        elif not line.startswith("--> ") and self._name:
            yield StepEvent(step=str(self._number), name=self._name, status="progress", line=line)

    def _named(self, step: re.Match[str]) -> str:
        """Return a step's name as BuildKit has it: ``[final 4/9] RUN …``."""
        stage = step["stage"] or "1"
        if found := _STAGE.match(step["words"]):
            self._stages[stage] = found[1]
        name = self._stages.get(stage, f"stage-{stage}")
        return f"[{name} {step['number']}/{step['of']}] {' '.join(step['words'].split())}"

    def _begin(self, name: str) -> StepEvent:
        self._name, self._begun, self._cached = name, self._now(), False
        self._number += 1
        return StepEvent(step=str(self._number), name=name, status="started")

    def _end(self, status: Status, error: str = "") -> Iterator[StepEvent]:
        if self._name:
            yield StepEvent(
                step=str(self._number),
                name=self._name,
                status=status,
                cached=self._cached,
                seconds=self._now() - self._begun,
                error=error,
            )
        self._name = ""


def _plain(reason: str) -> str:
    """Return why a build failed in the words that BuildKit has for it, without Go's data."""
    if unknown := _UNKNOWN.search(reason):
        return f"{_NOT_UNDERSTOOD}: {unknown[1]}"
    reason = reason.partition(" &imagebuilder.Step{")[0]
    if ended := _EXIT.search(reason):
        return f"the step ended with exit code: {ended[1]}"
    return reason
