"""Capture: what a notebook or a live kernel uses, as facts.

Importing this package is quick; the work's own imports happen with the first call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_devbox.capture.client import (
        capture_environment,
        capture_live,
        capture_notebook,
    )
    from jupyter_devbox.capture.live import find_notebook

__all__ = ["capture_environment", "capture_live", "capture_notebook", "find_notebook"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the signature that Python gives it
    """Import a public function when it is first asked for."""
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    # Imported late: a magic that never captures must not pay for the parsers.
    from jupyter_devbox.capture import client, live  # noqa: PLC0415

    return getattr(live if name == "find_notebook" else client, name)
