"""What a run of the tests leaves on a machine: listed before and after, and compared."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker import APIClient

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.run.runtime_dir import default_base

MARK = "JUPYTER_DEVBOX_TEST_SESSION"
"""Variable that every process started by the tests has, and no other."""

_SECONDS = 15.0
_PREFIXES = ("devbox-", "jdb-")
# Python's own, which ends with the tests' process.
_HELPERS = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")

_ENGINES = ("container", "image", "network", "volume")

Listing = dict[str, set[str]]


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine, as far as tests change it.

    Parameters
    ----------
    engine
        None where there is none.
    session
        Value of `MARK` for what is ours.
    places
        Words that tell our containers: the folder of this session's files, its label.
    alone
        Nobody else uses engine and temporary folder meanwhile: all that is new is ours.
    """

    engine: Engine | None
    session: str
    places: tuple[str, ...]
    alone: bool

    def listing(self) -> Listing:
        """Return all there is, by kind, each as a line that says what it is."""
        found: Listing = {"process": set(_processes(self.session))}
        if self.alone:
            found["temporary file"] = set(_temporary())
            found["runtime folder"] = {str(path) for path in default_base().glob("*")}
        if self.engine is None:
            return found
        client = APIClient(base_url=self.engine.endpoint.url)  # type: ignore[attr-defined]
        try:
            found["container"] = set(self._ours(_containers(client)))
            found["image"] = set(self._ours(_images(client)))
            if self.alone:
                found["network"] = {n["Name"] for n in client.networks()}
                found["volume"] = {v["Name"] for v in client.volumes()["Volumes"] or ()}
        finally:
            client.close()
        return found

    def left(self, before: Listing) -> list[str]:
        """Return what is there that was not, and what is gone; waits for what is ending."""
        end = time.monotonic() + _SECONDS
        while (lines := _differences(before, self.listing())) and time.monotonic() < end:
            time.sleep(0.5)
        return lines

    def _ours(self, rows: Iterable[tuple[str, Any]]) -> Iterator[str]:
        for line, facts in rows:
            if self.alone or any(place in json.dumps(facts) for place in self.places):
                yield line


def _differences(before: Listing, after: Listing) -> list[str]:
    lines = []
    for kind in sorted(before):
        lines += [f"left behind: {kind} {each}" for each in sorted(after[kind] - before[kind])]
        if kind in _ENGINES:
            gone = sorted(before[kind] - after[kind])
            lines += [f"not ours, and gone: {kind} {each}" for each in gone]
    return lines


def _containers(client: APIClient) -> Iterator[tuple[str, Any]]:
    for row in client.containers(all=True):
        yield f"{row['Id'][:12]} {row['Names']} of {row['Image']}", [row["Labels"], row["Mounts"]]


def _images(client: APIClient) -> Iterator[tuple[str, Any]]:
    """Yield the images of projects; what tests keep for the next run carries no project."""
    for row in client.images(filters={"label": "jupyter-devbox.project"}):
        yield f"{row['Id'][:19]} {row['RepoTags']}", row["Labels"]


def _processes(session: str) -> Iterator[str]:
    """Yield the processes that carry the session's mark; this one and Python's own left out."""
    mark = f"{MARK}={session}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended, or is another user's
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            known = folder.name == str(os.getpid()) or any(name in words for name in _HELPERS)
            if words and not known and mark in (folder / "environ").read_bytes().split(b"\0"):
                yield f"{folder.name} {words.strip()[:150]}"


def _temporary() -> Iterator[str]:
    for path in Path(tempfile.gettempdir()).iterdir():
        if path.name.startswith(_PREFIXES):
            yield str(path)
