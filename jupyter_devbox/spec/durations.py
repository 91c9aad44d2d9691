"""Times as people write them in options: ``90``, ``45s``, ``30m``, ``2h``, ``30d``."""

from __future__ import annotations

import re

from jupyter_devbox.errors import RequirementError

_DURATION = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[smhdw]?)", re.ASCII)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_duration(text: str, hint: str = "write it like --idle 30m; --idle 0 is for ever") -> int:
    """Return the seconds.

    Parameters
    ----------
    hint
        What to do about a text that is no time.

    Raises
    ------
    RequirementError
        It is no time.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        message = f"This is not a time: `{text}`"
        raise RequirementError(message, hint=hint)
    return int(match["number"]) * _UNITS[match["unit"]]
