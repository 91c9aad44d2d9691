"""Where an engine listens, and what to say when nobody does. Needs no SDK."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from typing import Any

from jupyter_devbox.errors import EngineNotRunningError, EnginePermissionError

_KNOCK_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where an engine listens.

    Parameters
    ----------
    url
        Such as ``unix:///var/run/docker.sock`` or ``tcp://host:2376``.
    context
        Name of the Docker context it comes from; "" if from DOCKER_HOST or the default.
    tls
        What the SDK takes as `tls`; None for none.
    """

    url: str
    context: str = ""
    tls: Any = None

    @property
    def address(self) -> str:
        """What a person calls it: a socket's path, else the URL."""
        return self.url.removeprefix("unix://")

    @property
    def local(self) -> bool:
        """Whether it listens on this machine's own socket."""
        return self.url.startswith(("unix://", "npipe://"))


def knock(endpoint: Endpoint) -> None:
    """Return if somebody listens on a unix socket; of other endpoints nothing is known yet.

    Raises
    ------
    EngineNotRunningError, EnginePermissionError
        Nobody does, or this user may not ask.
    """
    if not endpoint.url.startswith("unix://"):
        return
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_KNOCK_SECONDS)
        try:
            probe.connect(endpoint.address)
        except PermissionError as error:
            raise not_permitted(endpoint.address) from error
        except OSError as error:
            raise not_running(endpoint.address) from error


def not_running(address: str) -> EngineNotRunningError:
    """Return the error for an engine that is installed, and silent."""
    message = f"Docker isn't running: nothing answers at `{address}`"
    return EngineNotRunningError(message, hint=start_command(address))


def not_permitted(address: str) -> EnginePermissionError:
    """Return the error for a socket that this user may not open."""
    message = f"You may not use Docker: your user can't open `{address}`"
    hint = "ask your admin to add you to the group docker, or choose --target venv"
    return EnginePermissionError(message, hint=hint)


def start_command(address: str, platform: str = sys.platform) -> str:
    """Return what a person types to start the engine at this address."""
    if not address.startswith("/"):
        return "check DOCKER_HOST and `docker context ls`"
    if platform == "darwin":
        return "open -a Docker"
    return f"{'systemctl --user' if '/user/' in address else 'sudo systemctl'} start docker"
