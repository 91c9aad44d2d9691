"""What a notebook and a log are told of an error."""

from __future__ import annotations

from jupyter_devbox.errors import DevboxError


def sentence(error: DevboxError) -> str:
    """Return an error as text: the cause, its details, and what to do."""
    hint = f"Next: {error.hint}" if error.hint else ""
    return "\n".join(part for part in (error.message, *error.details, hint) if part)


def notice(error: DevboxError) -> str:
    """Return what a new kernel says of the one before it: no log, and no advice already taken."""
    advice = "" if error.hint.startswith("restart the kernel") else error.hint
    hint = f"\nNext: {advice}" if advice else ""
    return f"This kernel is new, the variables are gone. {error.message}{hint}"
