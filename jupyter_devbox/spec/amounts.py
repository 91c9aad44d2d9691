"""Bytes as we write them: ``2GB``, ``500 MB``, ``1.5 kB``; decimal, as in all that we show."""

from __future__ import annotations

import re

from jupyter_devbox.errors import RequirementError

_AMOUNT = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,3})?) ?(?P<unit>[kmgt]?)b?", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def parse_amount(text: str, hint: str) -> int:
    """Return the bytes.

    Parameters
    ----------
    hint
        What to do about a text that is no amount.

    Raises
    ------
    RequirementError
        It is none.
    """
    match = _AMOUNT.fullmatch(text.strip())
    if match is None or not text.isascii():
        message = f"This is not a size: `{text}`"
        raise RequirementError(message, hint=hint)
    return round(float(match["number"]) * _UNITS[match["unit"].lower()])
