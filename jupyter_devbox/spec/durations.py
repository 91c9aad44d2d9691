"""Times as people write them in options: ``90``, ``45s``, ``30m``, ``2h``."""

from __future__ import annotations

import re

from jupyter_devbox.errors import RequirementError

_DURATION = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[smh]?)", re.ASCII)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def parse_duration(text: str) -> int:
    """Return the seconds.

    Raises
    ------
    RequirementError
        It is no time.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        message = f"This is not a time: `{text}`"
        raise RequirementError(message, hint="write it like --idle 30m; --idle 0 is for ever")
    return int(match["number"]) * _UNITS[match["unit"]]
