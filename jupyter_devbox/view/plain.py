"""Text in a notebook's cell: the words of the widget, without widgets."""

from __future__ import annotations

import time
from typing import TextIO

from jupyter_devbox.spec.events import LogEvent
from jupyter_devbox.view import wording
from jupyter_devbox.view.progress import Progress
from jupyter_devbox.workflow.requests import Event, Found, Joined, Planned

_HEARTBEAT = 15.0


class NotebookText:
    """Prints a line a phase, each when it is done."""

    def __init__(self, stream: TextIO, progress: Progress) -> None:
        self.stream = stream
        self.progress = progress
        self._said = time.monotonic()

    def __call__(self, event: Event) -> None:
        """Take in one event."""
        if isinstance(event, Found):
            again = ", run this cell again"
            self._print(wording.found(event, "%containerize", again, mark=""))
        elif isinstance(event, Joined):
            self._print([wording.joined(event)])
        elif isinstance(event, Planned):
            notes = wording.splitting(event.savings)
            notes += wording.for_binder(event.binder, mark="")
            notes += wording.no_room(event.needed_bytes, event.free_bytes, mark="")
            going = "Working. Interrupt the kernel to cancel."
            self._print([wording.planned(event), *notes, going])
        elif isinstance(event, LogEvent):
            self.progress.apply(event)
            self._heartbeat()
        else:
            self.progress.apply(event)
            if event.status == "done":
                summary = self.progress.states[event.phase].summary(time.monotonic())
                self._print([f"  {event.phase:<18} {summary}".rstrip()])
            else:
                self._heartbeat()

    def failed(self) -> None:
        """Say which phase failed."""
        self.progress.fail()
        for state in self.progress.states.values():
            if state.status == "failed":
                self._print([f"  {state.phase:<18} failed {state.summary(time.monotonic())}"])

    def _heartbeat(self) -> None:
        current = self.progress.current
        if current and time.monotonic() - self._said >= _HEARTBEAT:
            summary = self.progress.states[current].summary(time.monotonic())
            self._print([f"  {current:<18} {summary}"])

    def _print(self, lines: list[str]) -> None:
        self._said = time.monotonic()
        self.stream.write("".join(f"{line}\n" for line in lines))
        self.stream.flush()
