"""The terminal: a block redrawn in place, or one line a phase where there is no terminal."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from jupyter_devbox.spec.events import LogEvent, PhaseEvent
from jupyter_devbox.view import wording
from jupyter_devbox.view.progress import PhaseState, Progress
from jupyter_devbox.view.units import clean, clock
from jupyter_devbox.workflow.requests import Event, Found, Joined, Planned

_INCLUDE = "add"
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_REDRAW = 0.1
_HEARTBEAT = 30.0


class Marks:
    """The three marks, coloured where the stream is a terminal that wants colour."""

    def __init__(self, stream: TextIO) -> None:
        encoding = (getattr(stream, "encoding", "") or "").lower().replace("-", "")
        self.unicode = encoding in {"utf8", "utf16"}
        colour = stream.isatty() and not os.environ.get("NO_COLOR")
        plain = ("✓", "!", "✗") if self.unicode else ("ok", "!", "failed")
        codes = ("32", "33", "31")
        marks = (
            tuple(f"\033[{code}m{mark}\033[0m" for code, mark in zip(codes, plain, strict=True))
            if colour
            else plain
        )
        self.done, self.warn, self.failed = marks


class PlainView:
    """One line a phase, and one every 30 seconds, for logs and CI."""

    def __init__(self, stream: TextIO, progress: Progress) -> None:
        self.stream = stream
        self.progress = progress
        self._said = time.monotonic()
        self._spoken: set[str] = set()

    def __call__(self, event: Event) -> None:
        """Take in one event."""
        if isinstance(event, Found):
            self._print(wording.found(event, _INCLUDE))
        elif isinstance(event, Joined):
            self._print([wording.joined(event)])
        elif isinstance(event, Planned):
            notes = wording.splitting(event.savings)
            notes += wording.for_binder(event.binder)
            notes += wording.no_room(event.needed_bytes, event.free_bytes)
            self._print([wording.planned(event), *notes])
        elif isinstance(event, LogEvent):
            self.progress.apply(event)
            self._heartbeat()
        else:
            self.progress.apply(event)
            self._phase(event)

    def close(self, *, failed: bool) -> None:
        """End the view; the caller prints what follows."""
        if failed:
            self.progress.fail()

    def _phase(self, event: PhaseEvent) -> None:
        state = self.progress.states[event.phase]
        if event.status == "started":
            if event.phase not in {"Pin versions", "Write files", "Add kernel"}:
                self._spoken.add(event.phase)
                self._print([f"{event.phase}: started"])
        elif event.status == "progress":
            self._heartbeat()
        elif event.status == "failed":
            self._print([f"{event.phase}: failed"])
        else:
            words = state.parts(time.monotonic())
            done = ["done"] if event.phase in self._spoken and not state.cached else []
            self._print([f"{event.phase}: {', '.join(done + words) or 'done'}"])

    def _heartbeat(self) -> None:
        current = self.progress.current
        if current and time.monotonic() - self._said >= _HEARTBEAT:
            parts = self.progress.states[current].parts(time.monotonic())
            self._print([f"{current}: {', '.join(parts)}"])

    def _print(self, lines: list[str]) -> None:
        self._said = time.monotonic()
        self.stream.write("".join(f"{line}\n" for line in lines))
        self.stream.flush()


class LiveView:
    """The block of phases, redrawn ten times a second at most."""

    def __init__(self, stream: TextIO, progress: Progress) -> None:
        self.stream = stream
        self.progress = progress
        self.marks = Marks(stream)
        self._lock = threading.Lock()
        self._drawn = 0
        self._stop = threading.Event()
        self._begun = False
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def __call__(self, event: Event) -> None:
        """Take in one event."""
        with self._lock:
            if isinstance(event, Found):
                self._above(wording.found(event, _INCLUDE, mark=f"{self.marks.warn} "))
            elif isinstance(event, Joined):
                self._above([wording.joined(event)])
            elif isinstance(event, Planned):
                mark = f"{self.marks.warn} "
                notes = wording.splitting(event.savings)
                notes += wording.for_binder(event.binder, mark)
                notes += wording.no_room(event.needed_bytes, event.free_bytes, mark)
                self._above([wording.planned(event), *notes, ""])
            else:
                self.progress.apply(event)
        if not self._begun and isinstance(event, PhaseEvent):
            self._begun = True
            self._thread.start()

    def close(self, *, failed: bool) -> None:
        """Draw the block a last time, without its bar, and leave it standing."""
        self._stop.set()
        if self._begun:
            self._thread.join()
        with self._lock:
            if failed:
                self.progress.fail()
            self._clear()
            self._write(self._lines(final=True))
            self._drawn = 0

    def _tick(self) -> None:
        while not self._stop.wait(_REDRAW):
            with self._lock:
                self._draw()

    def _above(self, lines: list[str]) -> None:
        self._clear()
        self._write(lines)
        self._drawn = 0

    def _draw(self) -> None:
        lines = self._lines(final=False)
        self._clear()
        # A line that wraps would take two rows, and clearing would leave one of them.
        self.stream.write("\033[?7l")
        self._write(lines)
        self.stream.write("\033[?7h")
        self._drawn = len(lines)

    def _clear(self) -> None:
        if self._drawn:
            self.stream.write(f"\033[{self._drawn}A\033[J")

    def _write(self, lines: list[str]) -> None:
        self.stream.write("".join(f"{line}\n" for line in lines))
        self.stream.flush()

    def _lines(self, *, final: bool) -> list[str]:
        now = time.monotonic()
        lines = []
        for state in self.progress.states.values():
            if final and state.status == "waiting":
                continue
            lines.append(self._line(state, now).rstrip())
            if state.status == "running" and self.progress.last_line and not final:
                lines.append(f"        {clean(self.progress.last_line)[:70]}")
        if not final:
            lines.append(self._bar(now))
        return lines

    def _line(self, state: PhaseState, now: float) -> str:
        mark = {"done": self.marks.done, "failed": self.marks.failed}.get(state.status, " ")
        if state.status == "running":
            mark = _SPINNER[int(now * 10) % len(_SPINNER)] if self.marks.unicode else "-"
        return f"  {mark} {state.phase:<19} {state.summary(now)}"

    def _bar(self, now: float) -> str:
        step, steps = self.progress.position()
        full = round(self.progress.fraction() * 42)
        filled, empty = ("━", "─") if self.marks.unicode else ("#", "-")
        bar = f"{filled * full}{empty * (42 - full)}"
        used = clock(now - self.progress.started)
        return f"  {bar} step {step} of {steps} · {used} · Ctrl-C stops"


@contextmanager
def terminal_view(
    progress: Progress, stream: TextIO | None = None
) -> Iterator[PlainView | LiveView]:
    """Yield the view that fits the stream (standard error), closed in any case."""
    stream = stream or sys.stderr
    view: PlainView | LiveView
    live = stream.isatty() and os.environ.get("TERM") != "dumb"
    view = LiveView(stream, progress) if live else PlainView(stream, progress)
    failed = True
    try:
        yield view
        failed = False
    finally:
        view.close(failed=failed)
