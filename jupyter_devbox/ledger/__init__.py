"""What we made on this machine: files in Jupyter's data folder.

Labels alone prove nothing, for anybody can set them; what is removed stands in the ledger too.
One file an entry, so that two processes never write the same one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jupyter_devbox.files.writer import DATA_ELSEWHERE, atomic_write, writing
from jupyter_devbox.ledger import marks
from jupyter_devbox.spec.container import EMPTY

Kind = Literal["image", "box", "kernel", "kernelspec", "venv", "death", "compose"]
_SAFE = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing we made: `id` is the engine's, a path or a kernel's name."""

    kind: str
    id: str
    facts: Mapping[str, str] = EMPTY


class Ledger:
    """The ledger in one folder (made when first written to, readable by its owner alone)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def record(self, kind: str, identity: str, **facts: str) -> None:
        """Write an entry, replacing one of that kind and id; call it before the thing starts.

        Raises
        ------
        FileError
            Jupyter's data folder cannot be written.
        """
        text = json.dumps({"kind": kind, "id": identity, "facts": facts}, sort_keys=True)
        with writing(self.folder, DATA_ELSEWHERE):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            atomic_write(self._path(kind, identity), text.encode())

    def forget(self, kind: str, identity: str) -> None:
        """Remove an entry; absent is no error."""
        self._path(kind, identity).unlink(missing_ok=True)

    def has(self, kind: str, identity: str) -> bool:
        """Tell whether there is such an entry."""
        return self._path(kind, identity).is_file()

    def entries(self, kind: str) -> Iterator[Entry]:
        """Yield all entries of a kind, sorted by file; a damaged one is passed over."""
        if not self.folder.is_dir():
            return
        for path in sorted(self.folder.glob(f"{kind}-*.json")):
            entry = _read(path)
            if entry is not None:
                yield entry

    def mark(self) -> str:
        """Return the mark of this process, for the fact `owner` of what it makes for itself.

        Raises
        ------
        FileError
            Jupyter's data folder cannot be written.
        """
        with writing(self.folder, DATA_ELSEWHERE):
            return marks.mark(self._marks)

    def orphans(self, kind: str, **facts: str) -> Iterator[Entry]:
        """Yield the entries of a kind, with these facts, whose owner has ended."""
        for entry in self.entries(kind):
            same = all(entry.facts.get(name) == value for name, value in facts.items())
            if same and self.has_ended(entry.facts.get("owner", "")):
                yield entry

    def has_ended(self, owner: str) -> bool:
        """Tell whether the process of a mark has ended; no where that can't be known."""
        return marks.has_ended(self._marks, owner)

    def drop_marks(self) -> None:
        """Remove the marks that no entry carries and nobody holds."""
        used = {entry.facts.get("owner", "") for entry in self.entries("*")}
        marks.drop_marks(self._marks, used)

    @property
    def _marks(self) -> Path:
        return self.folder / "alive"

    def _path(self, kind: str, identity: str) -> Path:
        tail = hashlib.sha256(identity.encode(errors="surrogatepass")).hexdigest()[:12]
        readable = _SAFE.sub("", identity.removeprefix("sha256:"))[:24]
        return self.folder / f"{kind}-{readable}-{tail}.json"


def _read(path: Path) -> Entry | None:
    """Return an entry; None for a damaged one (we write whole files: it was broken by hand)."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        facts = {str(name): str(value) for name, value in data["facts"].items()}
        return Entry(kind=str(data["kind"]), id=str(data["id"]), facts=facts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
