"""Whether ports can be reached at the server's own address, and when they must be.

jupyter-server-proxy serves ``<base_url>proxy/PORT/``. A page that comes from there has the rights
of Lab's own pages, so it is the way only where loopback is not the browser's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

EXTENSION = "jupyter_server_proxy"
HUB = "JUPYTERHUB_SERVICE_PREFIX"
"""What JupyterHub sets in the servers that it starts (its `docs/reference/services`)."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def has_proxy(server: ServerApp | None) -> bool:
    """Tell whether a server has jupyter-server-proxy at work."""
    if server is None:
        return False
    found = server.extension_manager.extensions.get(EXTENSION)
    return bool(found and found.enabled)


def frame_address(server: ServerApp | None, env: Mapping[str, str]) -> str:
    """Return where frames in a notebook are to come from, with ``%PORT%`` for a port.

    Returns "" where the browser may well be on this machine: the server listens to loopback alone
    and no hub started it. Whoever comes by a tunnel has the port's own number tunnelled too.
    """
    if server is None or not has_proxy(server):
        return ""
    if not env.get(HUB) and server.ip in _LOOPBACK:
        return ""
    return f"{server.base_url}proxy/%PORT%/"
