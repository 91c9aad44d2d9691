"""BuildKit's ``--progress=rawjson`` → `StepEvent`. Pure, incremental: any chunking, same events.

Buildx 0.13 indents its JSON over several lines, later ones print a document a line; both mix it
with plain text. A log line may come in pieces, cut anywhere, also within a character.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_devbox.engine.docker_values import seconds
from jupyter_devbox.engine.redact import printable
from jupyter_devbox.spec.events import StepEvent

_LONGEST_LINE = 16 * 1024
_TEXT_KEPT = 200
_BREAKS = re.compile(rb"[\r\n]+")


@dataclass(slots=True)
class _Step:
    """What is known of one vertex."""

    name: str
    running: str = ""
    ended: str = ""
    partial: dict[int, bytes] = field(default_factory=dict)


class ProgressParser:
    """Turns the output of one build into events.

    Parameters
    ----------
    redact
        Applied to every text before it becomes part of an event.
    """

    def __init__(self, redact: Callable[[str], str] = str) -> None:
        self._redact = redact
        self._tail = b""
        self._document: list[bytes] = []
        self._steps: dict[str, _Step] = {}
        self._text: deque[str] = deque(maxlen=_TEXT_KEPT)

    @property
    def text(self) -> tuple[str, ...]:
        """The last lines that were no JSON: buildx's own words, such as why a build failed."""
        return tuple(self._text)

    def feed(self, data: bytes) -> list[StepEvent]:
        """Return the events that these bytes complete."""
        *lines, self._tail = (self._tail + data).split(b"\n")
        return [event for line in lines for event in self._line(line)]

    def close(self) -> list[StepEvent]:
        """Return the events of what was left unfinished."""
        events = self.feed(b"\n")
        for line in self._document:
            self._say(line)
        self._document = []
        for digest, step in self._steps.items():
            events += self._flush(digest, step)
        return events

    def _line(self, line: bytes) -> Iterator[StepEvent]:
        """Add a line of output to the document that it belongs to, or to the text."""
        line = line.rstrip(b"\r")
        if not self._document and not line.startswith(b"{"):
            self._say(line)
            return
        self._document.append(line)
        if len(self._document) > 1 and line != b"}":
            return
        document = _parsed(b"\n".join(self._document))
        if document is not None:
            self._document = []
            yield from self._events(document)
        elif len(self._document) > 1:  # a lone } that ends no JSON: it was text after all
            for each in self._document:
                self._say(each)
            self._document = []

    def _say(self, line: bytes) -> None:
        if text := self._clean(line):
            self._text.append(text)

    def _clean(self, line: bytes) -> str:
        return self._redact(printable(line.decode(errors="replace"))).rstrip()

    def _events(self, document: Mapping[str, Any]) -> Iterator[StepEvent]:
        """Read one report of BuildKit's: steps, their transfers, their output."""
        for vertex in document.get("vertexes") or ():
            yield from self._vertex(vertex)
        for status in document.get("statuses") or ():
            step = self._steps.get(status.get("vertex", ""))
            if step is not None and status.get("total"):
                yield StepEvent(
                    step=status["vertex"],
                    name=step.name,
                    status="progress",
                    current=int(status.get("current") or 0),
                    total=int(status["total"]),
                )
        for log in document.get("logs") or ():
            yield from self._log(log)

    def _vertex(self, vertex: Mapping[str, Any]) -> Iterator[StepEvent]:
        """Report the beginning or the end of a step; BuildKit repeats both, and may start over."""
        digest = str(vertex.get("digest", ""))
        name = self._redact(printable(" ".join(str(vertex.get("name", "")).split())))
        step = self._steps.setdefault(digest, _Step(name))
        started, completed = str(vertex.get("started") or ""), str(vertex.get("completed") or "")
        if started and started != step.running:
            step.running = started
            yield StepEvent(step=digest, name=step.name, status="started")
        if not completed or completed == step.ended:
            return
        step.ended = completed
        yield from self._flush(digest, step)
        error = self._redact(printable(" ".join(str(vertex.get("error") or "").split())))
        yield StepEvent(
            step=digest,
            name=step.name,
            status="failed" if error else "done",
            cached=bool(vertex.get("cached")),
            seconds=_seconds(started, completed),
            error=error,
        )

    def _log(self, log: Mapping[str, Any]) -> Iterator[StepEvent]:
        """Report the lines that a piece of output completes."""
        digest, stream = str(log.get("vertex", "")), int(log.get("stream") or 0)
        step = self._steps.setdefault(digest, _Step(""))
        try:
            data = base64.b64decode(log.get("data") or "", validate=True)
        except (binascii.Error, ValueError, TypeError):
            return
        *lines, rest = _BREAKS.split(step.partial.get(stream, b"") + data)
        for line in lines:
            yield from self._printed(digest, step, line)
        while len(rest) > _LONGEST_LINE:
            head, rest = _cut(rest)
            yield from self._printed(digest, step, head)
        step.partial[stream] = rest

    def _flush(self, digest: str, step: _Step) -> Iterator[StepEvent]:
        """Report output without a line's end: there will be none."""
        for stream in sorted(step.partial):
            yield from self._printed(digest, step, step.partial.pop(stream))

    def _printed(self, digest: str, step: _Step, line: bytes) -> Iterator[StepEvent]:
        """Report one line, in pieces if it is longer than anybody reads."""
        while line:
            head, line = _cut(line)
            if text := self._clean(head):
                yield StepEvent(step=digest, name=step.name, status="progress", line=text)


def _cut(line: bytes) -> tuple[bytes, bytes]:
    """Split a line at its greatest length, between words: a cut secret would not be recognised."""
    if len(line) <= _LONGEST_LINE:
        return line, b""
    at = line.rfind(b" ", 1, _LONGEST_LINE) + 1 or _LONGEST_LINE
    return line[:at], line[at:]


def _parsed(text: bytes) -> Mapping[str, Any] | None:
    """Return a JSON object, or None for what is none."""
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _seconds(started: str, completed: str) -> float | None:
    """Return the time between two of BuildKit's stamps, or None where one is missing."""
    begin, end = seconds(started), seconds(completed)
    return max(0.0, end - begin) if begin and end else None
