"""Looks whether something changed that this server did not do: in a terminal, a box, elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from pathlib import Path

from jupyter_devbox.server.announce import Announcer, What
from jupyter_devbox.workflow.context import Context

EVERY = 2.0
"""Seconds between two looks, each at the times of a few folders."""

_TELLS: Mapping[str, tuple[What, ...]] = {
    "asks": ("asks",),
    "builds": ("builds",),
    "kernels": ("kernels",),
    "ledger": ("boxes", "images"),
    "trust": ("trust",),
}


class Watch:
    """Tells the pages of what others change on this machine, while the server runs.

    All that we keep is files that are replaced whole, so a folder's time says it.
    """

    def __init__(self, context: Context, announcer: Announcer) -> None:
        self._context = context
        self._announcer = announcer
        self._seen = self._times()
        self._handle: asyncio.TimerHandle | None = None
        self._stopped = False

    def start(self, loop: asyncio.AbstractEventLoop, executor: Executor) -> None:
        """Look from now on, in a thread: a folder may be on a slow disk."""

        def again(_: object = None) -> None:
            if not self._stopped:
                self._handle = loop.call_later(EVERY, look)

        def look() -> None:
            loop.run_in_executor(executor, self.look).add_done_callback(again)

        again()

    def stop(self) -> None:
        """Look no more; on the loop's thread."""
        self._stopped = True
        if self._handle is not None:
            self._handle.cancel()

    def look(self) -> None:
        """Tell what has changed since the last look."""
        now = self._times()
        before, self._seen = self._seen, now
        for name in now:
            if now[name] != before[name]:
                self._announcer.changed(*_TELLS[name])

    def _times(self) -> dict[str, tuple[int, ...]]:
        data = self._context.data
        folders = {name: data / name for name in ("asks", "builds", "ledger", "trust")}
        folders["kernels"] = self._context.kernels
        return {name: tuple(_times(folder)) for name, folder in folders.items()}


def _times(folder: Path) -> Iterator[int]:
    """Yield when a folder was last written to, and the folders in it."""
    try:
        yield folder.stat().st_mtime_ns
        for inner in sorted(folder.iterdir()):
            if inner.is_dir():
                yield inner.stat().st_mtime_ns
    except OSError:  # it is not there, or has just gone
        return
