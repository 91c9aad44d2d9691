"""Why a project's last kernel ended by itself: kept for `status`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

from jupyter_devbox.errors import DevboxError
from jupyter_devbox.workflow.context import Context

_KIND = "death"


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """When (ISO 8601, UTC), why, and what to do."""

    at: str
    message: str
    hint: str = ""

    def to_json(self) -> dict[str, str]:
        """Return the object in `status --json`."""
        return {"at": self.at, "message": self.message, "hint": self.hint}


def note_death(context: Context, project: str, why: DevboxError) -> None:
    """Keep why a kernel ended, in place of what was kept before.

    Raises
    ------
    FileError
        Jupyter's data folder cannot be written.
    """
    at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    context.ledger.record(_KIND, project, at=at, message=why.message, hint=why.hint)


def last_death(context: Context, project: str) -> Death | None:
    """Return why the project's last kernel that nobody ended did end; None if all is well."""
    for entry in context.ledger.entries(_KIND):
        if entry.id == project:
            facts = entry.facts
            at, message = facts.get("at", ""), facts.get("message", "")
            return Death(at=at, message=message, hint=facts.get("hint", ""))
    return None
