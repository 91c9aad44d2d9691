"""What boxes have asked for and what became of it: files in Jupyter's data folder."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from jupyter_devbox.files.writer import DATA_ELSEWHERE, atomic_write, writing
from jupyter_devbox.spec.asking import State, Verb

EXPIRES = 15 * 60.0
"""Seconds until an unanswered request counts as refused: nobody sits there any more."""
KEPT = 24 * 3600.0
"""Seconds that an answered one is kept, so that its cell can tell what became of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAsk:
    """One request.

    Parameters
    ----------
    id
        Eight digits by which the user answers.
    project
        The project's folder on the host.
    box
        The box's name.
    notebook
        Its path relative to the project.
    asked
        Seconds since the epoch.
    diff
        What would change, as it is shown.
    digest
        Stands for it to the byte: what is approved is this and nothing else.
    names
        What it names: requirements to add, or Debian packages to install.
    message
        What became of it.
    """

    id: str
    project: str
    box: str
    verb: Verb
    notebook: str
    asked: float
    diff: tuple[str, ...]
    digest: str
    names: tuple[str, ...] = ()
    state: State = "waiting"
    message: str = ""


class Asks:
    """All requests on this machine.

    Parameters
    ----------
    folder
        Made when first written to, readable by its owner alone.
    now
        Seconds since the epoch.
    """

    def __init__(self, folder: Path, now: float) -> None:
        self.folder = folder
        self.now = now

    def add(
        self,
        *,
        project: str,
        box: str,
        verb: Verb,
        notebook: str,
        diff: tuple[str, ...],
        digest: str,
        names: tuple[str, ...] = (),
    ) -> StoredAsk:
        """Note a request and return it."""
        ask = StoredAsk(
            id=secrets.token_hex(4),
            project=project,
            box=box,
            verb=verb,
            notebook=notebook,
            asked=self.now,
            diff=diff,
            digest=digest,
            names=names,
        )
        self.put(ask)
        return ask

    def put(self, ask: StoredAsk) -> None:
        """Write a request down, replacing what it was.

        Raises
        ------
        FileError
            Jupyter's data folder cannot be written.
        """
        text = json.dumps(asdict(ask), sort_keys=True)
        with writing(self.folder, DATA_ELSEWHERE):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            atomic_write(self.folder / f"{ask.id}.json", text.encode())

    def all(self) -> Iterator[StoredAsk]:
        """Yield what is known, oldest first; what is too old to matter is removed."""
        found = []
        for path in self.folder.glob("*.json") if self.folder.is_dir() else ():
            ask = _read(path)
            if ask is None or self.now - ask.asked > KEPT:
                path.unlink(missing_ok=True)
            else:
                found.append(ask)
        yield from sorted(found, key=lambda ask: (ask.asked, ask.id))

    def waiting(self) -> Iterator[StoredAsk]:
        """Yield the requests that can still be answered, oldest first."""
        return (ask for ask in self.all() if ask.state == "waiting" and not self.expired(ask))

    def expired(self, ask: StoredAsk) -> bool:
        """Tell whether nobody answered in time."""
        return ask.state == "waiting" and self.now - ask.asked > EXPIRES


def _read(path: Path) -> StoredAsk | None:
    """Return a request; None for a damaged one (we write whole files: it was broken by hand)."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        lists = {key: tuple(document.get(key, ())) for key in ("diff", "names")}
        return StoredAsk(**{**document, **lists})
    except (OSError, ValueError, TypeError, KeyError):
        return None
