"""Whether ports can be reached at the server's own address, and when they must be.

jupyter-server-proxy serves ``<base_url>proxy/PORT/``. A page that comes from there has the rights
of Lab's own pages, so it is the way only where loopback is not the browser's.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

EXTENSION = "jupyter_server_proxy"
HUB = "JUPYTERHUB_SERVICE_PREFIX"
"""What JupyterHub sets in the servers that it starts (its `docs/reference/services`)."""

_OTHER_NAME = {"localhost": "127.0.0.1", "127.0.0.1": "localhost", "::1": "127.0.0.1"}
"""Loopback by a name that Lab's cookies do not go to: they know hosts and no ports."""


def has_proxy(server: ServerApp | None) -> bool:
    """Tell whether a server has jupyter-server-proxy at work."""
    if server is None:
        return False
    found = server.extension_manager.extensions.get(EXTENSION)
    return bool(found and found.enabled)


def proxied_address(host: str, base_url: str, local: int) -> str:
    """Return where a browser reaches a forwarded port through Lab; "" where loopback is its own.

    Parameters
    ----------
    host
        The name by which the browser knows the server.
    base_url
        The server's; ends with a slash.
    """
    remote = host not in _OTHER_NAME or bool(os.environ.get(HUB))
    return f"{base_url}proxy/{local}/" if remote else ""


def loopback_addresses(host: str, local: int) -> tuple[str, str]:
    """Return a forwarded port's address under the server's own name, and under loopback's other.

    Ports are forwarded on 127.0.0.1, which every name here but ``localhost`` then is.
    """
    near = host if host in ("localhost", "127.0.0.1") else "127.0.0.1"
    return f"http://{near}:{local}/", f"http://{_OTHER_NAME[near]}:{local}/"
