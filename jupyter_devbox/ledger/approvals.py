"""What the user approved of each project: files in Jupyter's data folder, never in the project.

::

    trust/<name>-<digest>/
        approval.json          path → sha256 of each approved file; what was allowed besides
        <sha256>               the text of a small one, for the diff when it changes

Readable by the user alone. The index is replaced last, so a crash leaves the old approval.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from jupyter_devbox.files.writer import DATA_ELSEWHERE, atomic_write, writing
from jupyter_devbox.spec.container import EMPTY

_SAFE = re.compile(r"[^A-Za-z0-9._-]")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_INDEX = "approval.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What is approved: path → sha256, and digest of an allowed finding → what it was."""

    files: Mapping[str, str] = EMPTY
    grants: Mapping[str, str] = EMPTY


class Approvals:
    """The approvals of all projects, in one folder (made when first written to)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, project: str) -> Approval:
        """Return what is approved of a project: nothing where nobody was asked.

        Parameters
        ----------
        project
            Resolved path of its folder.
        """
        try:
            data = json.loads((self._place(project) / _INDEX).read_text(encoding="utf-8"))
            if data["project"] != project:
                return Approval()
            files = {str(path): str(digest) for path, digest in data["files"].items()}
            grants = {str(digest): str(what) for digest, what in data["grants"].items()}
            return Approval(files=files, grants=grants)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            # Absent, or broken by hand (we write whole files): ask again, that is safe.
            return Approval()

    def write(self, project: str, approval: Approval, texts: Mapping[str, bytes]) -> None:
        """Replace what is approved of a project.

        Parameters
        ----------
        texts
            sha256 → content of those files that a diff may be wanted of.

        Raises
        ------
        FileError
            Jupyter's data folder cannot be written.
        """
        place = self._place(project)
        index = {
            "project": project,
            "files": dict(sorted(approval.files.items())),
            "grants": dict(sorted(approval.grants.items())),
        }
        with writing(place, DATA_ELSEWHERE):
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            for digest, content in texts.items():
                if not (place / digest).is_file():
                    atomic_write(place / digest, content, mode=0o600)
            text = json.dumps(index, indent=1)
            atomic_write(place / _INDEX, text.encode(), mode=0o600)
            for old in place.iterdir():
                if _DIGEST.fullmatch(old.name) and old.name not in approval.files.values():
                    old.unlink(missing_ok=True)

    def projects(self) -> Iterator[str]:
        """Yield the projects of which something is approved; a damaged entry is passed over."""
        for index in sorted(self.folder.glob(f"*/{_INDEX}")):
            try:
                project = str(json.loads(index.read_text(encoding="utf-8"))["project"])
            except (OSError, ValueError, KeyError, TypeError):
                continue
            if self._place(project) == index.parent:
                yield project

    def text(self, project: str, digest: str) -> str | None:
        """Return the kept text of an approved file; None where none was kept."""
        if not _DIGEST.fullmatch(digest):
            return None
        try:
            return (self._place(project) / digest).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):  # a large file, or no text
            return None

    def forget(self, project: str) -> bool:
        """Withdraw everything of a project; tell whether there was anything."""
        place = self._place(project)
        known = (place / _INDEX).is_file()
        (place / _INDEX).unlink(missing_ok=True)
        shutil.rmtree(place, ignore_errors=True)
        return known

    def _place(self, project: str) -> Path:
        tail = hashlib.sha256(project.encode(errors="surrogatepass")).hexdigest()[:12]
        readable = _SAFE.sub("", project.rpartition("/")[2])[:24]
        return self.folder / f"{readable}-{tail}"
