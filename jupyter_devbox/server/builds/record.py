"""What is known of a build, as the panel sees it and as it lies on disk. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

State = Literal["running", "done", "failed", "cancelled", "interrupted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRecord:
    """One line of the progress; `seconds` None where they are not worth saying."""

    phase: str
    status: str
    detail: str = ""
    cached: bool = False
    seconds: float | None = None
    current: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRecord:
    """One build.

    Parameters
    ----------
    id
        Sorts by the time of its start.
    path
        Jupyter's path of the notebook.
    name, root
        Of the project.
    seq
        Rises with every change.
    started, ended
        ISO 8601, UTC; `ended` None while it runs.
    step
        Number of the phase at hand, and how many there are.
    lines
        Of the log so far.
    problem, result, edits
        As they go over the wire.
    owner
        Mark of the process that runs it (`Ledger.mark`): not for readers.
    """

    id: str
    path: str
    name: str
    root: str
    targets: tuple[str, ...]
    write_only: bool
    state: State = "running"
    seq: int = 0
    started: str
    ended: str | None = None
    seconds: float = 0.0
    phases: tuple[PhaseRecord, ...] = ()
    fraction: float = 0.0
    step: tuple[int, int] = (0, 0)
    lines: int = 0
    problem: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    edits: Mapping[str, Any] = field(default_factory=dict)
    owner: str = ""

    def to_json(self, *, joined: bool = False) -> dict[str, Any]:
        """Return the object `Build` of the REST interface."""
        known = asdict(self)
        del known["owner"], known["name"], known["root"]
        return {**known, "project": {"name": self.name, "root": self.root}, "joined": joined}


def from_disk(known: object) -> BuildRecord | None:
    """Return a build as it was written; None for a damaged one (we write whole files)."""
    if not isinstance(known, dict) or known.get("state") not in get_args(State):
        return None
    try:
        record = BuildRecord(**known)
        phases = tuple(PhaseRecord(**phase) for phase in known["phases"])
        first, last = known["step"]
        return replace(record, phases=phases, step=(first, last), targets=tuple(known["targets"]))
    except (TypeError, ValueError, KeyError):
        return None


def interrupted(record: BuildRecord, lines: int) -> BuildRecord:
    """Return a build whose server ended in the middle of it."""
    running = [phase.phase for phase in record.phases if phase.status == "running"]
    at = running[-1] if running else ""  # as `Progress.current`: the last of those side by side
    problem: dict[str, Any] = {
        "code": "interrupted",
        "message": "Jupyter ended while this was building",
        "hint": "build again: the finished steps are kept",
        "details": [],
        "phase": at,
        "log": [],
        "fix": None,
    }
    phases = tuple(replace(p, status="failed") if p.phase == at else p for p in record.phases)
    return replace(
        record,
        state="interrupted",
        seq=record.seq + 1,
        phases=phases,
        lines=lines,
        problem=problem,
        owner="",
    )
