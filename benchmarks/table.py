"""Rows of the tables, printed in one form."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def median_seconds(work: Callable[[], object], runs: int = 7) -> float:
    """Return the median seconds of some calls, after one that is not counted."""
    work()
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def row(what: str, measured: str, goal: str, note: str = "") -> None:
    """Print a row in Markdown."""
    print(f"| {what} | {measured} | {goal} | {note} |", flush=True)


def head() -> None:
    """Print the head of a table in Markdown."""
    print("| what | measured | goal | beside it |\n|---|---|---|---|", flush=True)
