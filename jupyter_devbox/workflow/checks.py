"""One thing that `doctor` looks at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was found, and the next command where it is not well."""

    name: str
    ok: bool
    found: str
    hint: str = ""
