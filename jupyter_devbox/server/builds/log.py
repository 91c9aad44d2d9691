"""The log of one build: lines in a file, written as they come and read from any line on."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jupyter_devbox.engine.redact import printable

LONGEST = 2000
"""Characters of a line that are kept."""

MOST = 2000
"""Lines that one reading gives."""

_LOOKED_AT = 16 * 1024
_CHUNK = 256 * 1024


class LogWriter:
    """Writes a new log for this user's eyes only. A full disk costs its rest, not the build.

    Parameters
    ----------
    redact
        Hides secrets; called with each line.

    Raises
    ------
    OSError
        The file can't be made.
    """

    def __init__(self, path: Path, redact: Callable[[str], str]) -> None:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(number, "wb", buffering=0)
        self._redact = redact
        self.lines = 0

    def write(self, line: str) -> str:
        """Add one line, and return it as it was written."""
        shown = self._redact(printable(line[:_LOOKED_AT]))
        if len(shown) > LONGEST:
            shown = f"{shown[: LONGEST - 1]}…"
        data = shown.encode("utf-8", "replace") + b"\n"
        with suppress(OSError):
            if self._file.write(data) == len(data):
                self.lines += 1
        return shown

    def close(self) -> None:
        """Let go of the file."""
        with suppress(OSError):
            self._file.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPart:
    """Lines from number `since` on; `next` is where to go on, `more` whether there is more now."""

    since: int
    next: int
    lines: tuple[str, ...]
    more: bool


def read_log(path: Path, since: int, most: int = MOST) -> LogPart:
    """Return lines of a log; what is held in memory is these lines and no more.

    Parameters
    ----------
    since
        Number of the first line wanted, from 0; past the end nothing is returned.
    most
        How many lines at most.
    """
    lines: list[str] = []
    at = 0
    try:
        file = path.open("rb")
    except OSError:
        return LogPart(since=since, next=since, lines=(), more=False)
    with file:
        rest = b""
        while at < since and (chunk := file.read(_CHUNK)):
            count = chunk.count(b"\n")
            if at + count < since:
                at += count
                continue
            pieces = chunk.split(b"\n", since - at)
            rest, at = pieces[-1], since
        while at == since and len(lines) <= most:
            whole, newline, rest = rest.partition(b"\n")
            if newline:
                lines.append(whole.decode("utf-8", "replace"))
            elif chunk := file.read(_CHUNK):
                rest = whole + chunk
            else:
                break
    start = min(since, at)
    more = len(lines) > most
    shown = tuple(lines[:most])
    return LogPart(since=start, next=start + len(shown), lines=shown, more=more)


def count_lines(path: Path) -> int:
    """Return how many whole lines a log has; 0 where there is none."""
    try:
        with path.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(_CHUNK), b""))
    except OSError:
        return 0
