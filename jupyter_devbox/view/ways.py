"""What can be tried after a failure: the buttons of the cell, the panel's fix. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from jupyter_devbox.errors import BuildCancelledError, DevboxError, UntrustedProjectError
from jupyter_devbox.view.wording import NO_ENGINE
from jupyter_devbox.workflow.requests import ContainerizeRequest

_APT = re.compile(r"--apt ([a-z0-9][a-z0-9+.-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A button's label, and the request that it makes."""

    label: str
    request: ContainerizeRequest


def ways_on(error: DevboxError, request: ContainerizeRequest) -> tuple[Way, ...]:
    """Return what a failure leaves to be tried, the likeliest cure first.

    Trust is never given by a click that is about something else: where it is missing, the request
    can only be made again.
    """
    if isinstance(error, NO_ENGINE):
        return (
            Way(label="Use a virtual environment", request=replace(request, targets=("venv",))),
            Way(label="Write the container files", request=replace(request, build=False)),
            Way(label="Check again", request=request),
        )
    if isinstance(error, BuildCancelledError):
        return (Way(label="Build again", request=request),)
    if isinstance(error, UntrustedProjectError):
        return (Way(label="Check again", request=request),)
    missing = _APT.search(error.hint)
    if missing:
        wishes = replace(request.wishes, apt=(*request.wishes.apt, missing[1]))
        better = replace(request, wishes=wishes)
        return (Way(label=f"Add {missing[1]} and retry", request=better),)
    return (Way(label="Retry", request=request),)
