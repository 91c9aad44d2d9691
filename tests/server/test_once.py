"""Work asked for by several at once is done once, and done anew after a change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from jupyter_devbox.server.once import Once

MOMENT = 0.05


class Counted:
    """Work that returns how often it was begun, once it is let on."""

    def __init__(self, error: Exception | None = None) -> None:
        self.begun = 0
        self.on = asyncio.Event()
        self._error = error

    async def __call__(self) -> int:
        self.begun += 1
        mine = self.begun
        await self.on.wait()
        if self._error:
            raise self._error
        return mine


def run(test: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 10))


async def started(once: Once, work: Counted) -> asyncio.Task[int]:
    """Ask, and return the question as soon as the work stands."""
    task = asyncio.create_task(once.get("key", work))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


def test_what_is_asked_at_once_is_done_once():
    async def test() -> None:
        once, work = Once(MOMENT), Counted()
        tasks = [await started(once, work) for _ in range(3)]
        work.on.set()
        assert await asyncio.gather(*tasks) == [1, 1, 1]
        assert await once.get("key", work) == 1
        assert await once.get("other", work) == 2
        await asyncio.sleep(2 * MOMENT)
        assert await once.get("key", work) == 3

    run(test)


def test_an_error_goes_to_all_and_is_not_kept():
    async def test() -> None:
        once, work = Once(60), Counted(ValueError("no"))
        tasks = [await started(once, work) for _ in range(2)]
        work.on.set()
        for task in tasks:
            with pytest.raises(ValueError, match="no"):
                await task
        with pytest.raises(ValueError, match="no"):
            await once.get("key", work)
        assert work.begun == 2

    run(test)


def test_who_leaves_takes_nothing_from_the_others():
    async def test() -> None:
        once, work = Once(60), Counted()
        first, second = [await started(once, work) for _ in range(2)]
        first.cancel()
        work.on.set()
        assert await second == 1

    run(test)


def test_after_a_change_everything_is_asked_anew():
    async def test() -> None:
        once, work = Once(60), Counted()
        work.on.set()
        assert await once.get("key", work) == 1
        once.forget()
        assert await once.get("key", work) == 2

    run(test)


@pytest.mark.parametrize("error", [None, ValueError("no")])
def test_what_began_before_a_change_answers_nobody_who_asks_after_it(error):
    async def test() -> None:
        once, before, after = Once(60), Counted(error), Counted()
        early = await started(once, before)
        once.forget()
        late = await started(once, after)
        before.on.set()
        await asyncio.wait([early])
        assert (early.exception() or early.result()) == (error or 1)
        joined = await started(once, after)  # of the new question, which still runs
        after.on.set()
        assert await late == await joined == after.begun == 1
        assert await once.get("key", before) == 1
        assert before.begun == 1

    run(test)
