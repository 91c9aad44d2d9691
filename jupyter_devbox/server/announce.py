"""News for the pages, on Jupyter's event bus: short, few, and without anything secret."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Literal

from jupyter_devbox.server.builds.job import Job

BUILD = "urn:jupyter-devbox:build"
CHANGED = "urn:jupyter-devbox:changed"
EVERY = 0.2
"""Seconds between two events of one build."""

What = Literal["boxes", "kernels", "images", "asks", "trust", "builds", "ports"]
Emit = Callable[[str, Mapping[str, Any]], None]


class Announcer:
    """Tells the pages what has changed; may be called from any thread.

    Parameters
    ----------
    loop
        Where events are emitted.
    emit
        Called there, with the schema's id and the event.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, emit: Emit) -> None:
        self._loop = loop
        self._emit = emit
        self._lock = threading.Lock()
        self._waiting: set[str] = set()
        self._last: dict[str, float] = {}

    def changed(self, *what: What) -> None:
        """Tell that a list is no longer as it was."""
        for one in what:
            self._soon(self._emit, CHANGED, {"what": one})

    def build(self, job: Job) -> None:
        """Tell how a build stands, five times a second at most, and its end in any case."""
        with self._lock:
            if job.id in self._waiting:
                return
            self._waiting.add(job.id)
        self._soon(self._plan, job)

    def _soon(self, call: Callable[..., None], *words: object) -> None:
        with suppress(RuntimeError):  # the loop has ended, and all pages with it
            self._loop.call_soon_threadsafe(call, *words)

    def _plan(self, job: Job) -> None:
        wait = self._last.get(job.id, 0.0) + EVERY - time.monotonic()
        self._loop.call_later(max(0.0, wait), self._tell, job)

    def _tell(self, job: Job) -> None:
        with self._lock:
            self._waiting.discard(job.id)
        record = job.record()
        self._last[job.id] = time.monotonic()
        if record.state != "running":
            self._last.pop(job.id, None)
        self._emit(
            BUILD,
            {
                "build": record.id,
                "seq": record.seq,
                "state": record.state,
                "phase": job.current(),
                "step": list(record.step),
                "fraction": record.fraction,
                "lines": record.lines,
            },
        )
