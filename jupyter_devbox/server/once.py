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
        """Have everything asked anew: something has changed.

        That goes for calls that run too, which may have looked before the change; those who wait
        for them already get what they give.
        """
        self._found = {}

    def _ended(self, key: Hashable, future: asyncio.Future[Any]) -> None:
        failed = future.cancelled() or future.exception() is not None
        if key not in self._found or self._found[key][1] is not future:
            return  # forgotten, and perhaps asked anew
        if failed:
            del self._found[key]
        else:
            self._found[key] = (time.monotonic() + self._seconds, future)

    def _sweep(self) -> None:
        now = time.monotonic()
        self._found = {key: one for key, one in self._found.items() if one[0] > now}


async def _awaited(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
