"""Ports of a box in words."""

from __future__ import annotations

from jupyter_devbox.run.forwarding import ForwardedPort
from jupyter_devbox.spec.ports import ListeningPort
from jupyter_devbox.workflow.ports import url

_UNKNOWN = "a program of another user's"


def described(port: ListeningPort) -> str:
    """Return which program a port is: ``Port 8501 (streamlit)``."""
    return f"Port {port.port} ({port.label or port.process or _UNKNOWN})"


def located(port: ForwardedPort) -> str:
    """Return a port as a row of a list: number, program, and where it is reached here."""
    found = port.found
    name = found.process or _UNKNOWN
    label = f" {found.label}" if found.label and found.label.lower() != name else ""
    where = url(port.local) if port.local else "not forwarded"
    return f"{found.port:>5}  {name + label:<28}  {where}"
