"""Builds on disk, a bounded number: a record and a log each, in Jupyter's data folder."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from pathlib import Path

from jupyter_devbox.files.writer import DATA_ELSEWHERE, atomic_write, writing
from jupyter_devbox.server.builds.log import LogWriter, count_lines
from jupyter_devbox.server.builds.record import BuildRecord, from_disk, interrupted
from jupyter_devbox.workflow.context import Context

KEPT = 100
"""Builds that are remembered."""

_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")
_STAMP, _STAMPED = "%Y%m%d-%H%M%S", 15


def now() -> str:
    """Return this moment: ISO 8601, UTC."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id(newest: str = "") -> str:
    """Return a build's id; ids sort by time, to the second.

    Parameters
    ----------
    newest
        The newest there is: where the clock was set back, this one comes after it all the same.
    """
    moment = datetime.now(timezone.utc)
    if newest[:_STAMPED] >= f"{moment:{_STAMP}}":
        with suppress(ValueError, OverflowError):  # a file of that name, and no such moment
            last = datetime.strptime(newest[:_STAMPED], _STAMP).replace(tzinfo=timezone.utc)
            moment = last + timedelta(seconds=1)
    return f"{moment:{_STAMP}}-{secrets.token_hex(4)}"


class Store:
    """The builds of this user, whichever server made them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._folder = context.builds

    def make(self) -> None:
        """Make the folder, and let the oldest builds go.

        Raises
        ------
        FileError
            Jupyter's data folder cannot be written.
        """
        with writing(self._folder, DATA_ELSEWHERE):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for old in sorted(self._ids(), reverse=True)[KEPT - 1 :]:
                record = self.get(old)
                if record is None or record.state != "running":
                    self.remove(old)

    def new_id(self) -> str:
        """Return an id for a build that is newer than all there are."""
        return new_id(max(self._ids(), default=""))

    def open_log(self, identity: str, redact: Callable[[str], str]) -> LogWriter:
        """Return a build's new log; raises `FileError` as `make` does."""
        with writing(self._folder, DATA_ELSEWHERE):
            return LogWriter(self.log(identity), redact)

    def put(self, record: BuildRecord) -> None:
        """Write a build down, replacing what was known of it; raises `FileError`."""
        text = json.dumps(asdict(record), sort_keys=True)
        with writing(self._folder, DATA_ELSEWHERE):
            atomic_write(self._record(record.id), text.encode(), mode=0o600)

    def get(self, identity: str) -> BuildRecord | None:
        """Return a build, None where there is none: one whose server has ended is interrupted."""
        if not _ID.fullmatch(identity):
            return None
        try:
            known = from_disk(json.loads(self._record(identity).read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return None
        if known is None or known.id != identity:
            return None
        if known.state == "running" and self._context.ledger.has_ended(known.owner):
            known = interrupted(known, count_lines(self.log(identity)))
        return known

    def all(self) -> Iterator[BuildRecord]:
        """Yield the builds, newest first; a damaged one is passed over."""
        for identity in sorted(self._ids(), reverse=True)[:KEPT]:
            record = self.get(identity)
            if record is not None:
                yield record

    def log(self, identity: str) -> Path:
        """Return the path of a build's log."""
        return self._folder / f"{identity}.log"

    def remove(self, identity: str) -> None:
        """Forget a build; absent is no error."""
        self._record(identity).unlink(missing_ok=True)
        self.log(identity).unlink(missing_ok=True)

    def _ids(self) -> Iterator[str]:
        if not self._folder.is_dir():
            return
        for path in self._folder.glob("*.json"):
            if _ID.fullmatch(path.stem):
                yield path.stem

    def _record(self, identity: str) -> Path:
        return self._folder / f"{identity}.json"
