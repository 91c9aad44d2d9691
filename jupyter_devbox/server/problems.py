"""Errors as answers: `Problem` objects with the fitting HTTP status. Pure."""

from __future__ import annotations

from typing import Any

from jupyter_devbox.errors import (
    BadRequestError,
    BaseImageError,
    BuildError,
    CaptureError,
    DevboxError,
    EngineError,
    FileError,
    IndexUnreachableError,
    LockError,
    NotAvailableError,
    NotFoundError,
    NotOursError,
    PlanError,
    RequirementError,
    RunError,
    UsageError,
)
from jupyter_devbox.view.units import clean

# The first that fits counts.
_STATUS: tuple[tuple[type[DevboxError], int], ...] = (
    (NotFoundError, 404),
    (NotAvailableError, 501),
    (NotOursError, 409),
    (BadRequestError, 400),
    (UsageError, 400),
    (RequirementError, 400),
    (BaseImageError, 400),
    (IndexUnreachableError, 503),
    (EngineError, 503),
    (CaptureError, 409),
    (PlanError, 409),
    (LockError, 409),
    (FileError, 409),
    (BuildError, 409),
    (RunError, 409),
)
_OF_HTTP = {
    400: ("bad_request", "The request is not well formed"),
    403: ("forbidden", "You may not do this here"),
    404: ("not_found", "There is no such thing"),
    405: ("bad_request", "This cannot be done to it"),
}


def status_of(error: DevboxError) -> int:
    """Return the HTTP status of an error: what the user can act on is no 500."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def problem(error: DevboxError) -> dict[str, Any]:
    """Return an error as it goes over the wire, without what would steer a reader's terminal."""
    return {
        "code": error.code,
        "message": clean(error.message),
        "hint": clean(error.hint),
        "details": [clean(line) for line in error.details],
    }


def http_problem(status: int, said: str = "") -> dict[str, Any]:
    """Return the problem for an answer that the server itself gives, such as 403."""
    code, message = _OF_HTTP.get(status, ("unexpected", "Something went wrong in the server"))
    shown = said if said and status < 500 else message
    hint = "the server's log says more" if status >= 500 else ""
    return {"code": code, "message": clean(shown), "hint": hint, "details": []}
