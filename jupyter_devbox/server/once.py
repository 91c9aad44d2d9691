"""Work that several pages ask for at once is done once, and its result is good for a moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Once:
    """Results by key. For one event loop; nothing in here waits for a lock.

    Parameters
    ----------
    seconds
        How long a result is good for.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._found: dict[Hashable, tuple[float, asyncio.Future[Any]]] = {}

    async def get(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Return what `work` gives, of a call that runs already or has just ended if there is one.

        An error goes to all who wait, and is not kept.
        """
        self._sweep()
        known = self._found.get(key)
        if known is None:
            future: asyncio.Future[T] = asyncio.ensure_future(_awaited(work))
            self._found[key] = (float("inf"), future)
            future.add_done_callback(lambda done: self._ended(key, done))
        else:
            future = known[1]
        return await asyncio.shield(future)  # who leaves takes nothing from the others

    def forget(self) -> None:
        """Let go of what has ended: something has changed."""
        self._found = {key: one for key, one in self._found.items() if not one[1].done()}

    def _ended(self, key: Hashable, future: asyncio.Future[Any]) -> None:
        if future.cancelled() or future.exception() is not None:
            self._found.pop(key, None)
        elif key in self._found:
            self._found[key] = (time.monotonic() + self._seconds, future)

    def _sweep(self) -> None:
        now = time.monotonic()
        self._found = {key: one for key, one in self._found.items() if one[0] > now}


async def _awaited(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
