"""Find the engine that this user's `docker` command would use, or say why there is none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_devbox.engine.docker_cli import docker_clis, find_docker_cli
from jupyter_devbox.engine.endpoint import Endpoint, knock
from jupyter_devbox.errors import (
    EngineError,
    EngineNotFoundError,
    EngineNotRunningError,
)

if TYPE_CHECKING:
    from jupyter_devbox.engine.docker import DockerEngine

__all__ = ["Endpoint", "connect", "find_docker_cli", "find_endpoint"]

DEFAULT_SOCKET = "/var/run/docker.sock"
PODMAN_SOCKET = "/run/podman/podman.sock"


def connect(host: str | None = None) -> DockerEngine:
    """Return an engine that has answered.

    Parameters
    ----------
    host
        Its URL; None takes DOCKER_HOST, else the current Docker context, else the usual socket,
        else Podman's.

    Raises
    ------
    EngineNotFoundError
        Neither a socket nor a `docker` command is there.
    EngineNotRunningError
        Nothing answers.
    EnginePermissionError
        This user may not open the socket.
    """
    endpoint = find_endpoint(host, os.environ)
    try:
        knock(endpoint)
    except EngineNotRunningError as error:
        usual = endpoint.address == DEFAULT_SOCKET and not Path(DEFAULT_SOCKET).exists()
        if not usual or any(docker_clis()):
            raise
        msg = "Docker isn't installed: no `docker` found"
        hint = "ask your admin for Docker, or choose --target venv"
        raise EngineNotFoundError(msg, hint=hint) from error
    # The SDK costs 0.3 s to import: whoever has no engine does not pay.
    from jupyter_devbox.engine.docker import DockerEngine  # noqa: PLC0415

    engine = DockerEngine(endpoint)
    if not engine.is_podman:
        return engine
    from jupyter_devbox.engine.podman_engine import PodmanEngine  # noqa: PLC0415

    engine.close()
    return PodmanEngine(endpoint)


def find_endpoint(host: str | None, env: Mapping[str, str]) -> Endpoint:
    """Return where the `docker` command would go, in its own order; without Docker, Podman."""
    if host:
        return Endpoint(url=host)
    if url := env.get("DOCKER_HOST"):
        return Endpoint(url=url, tls=_tls_from(env) if url.startswith("tcp://") else None)
    if endpoint := _from_context(env):
        return endpoint
    if os.name == "nt":
        return Endpoint(url="npipe:////./pipe/docker_engine")
    mine = Path(env.get("XDG_RUNTIME_DIR", "/nonexistent"))
    others = (mine / "docker.sock", mine / "podman" / "podman.sock", Path(PODMAN_SOCKET))
    if not Path(DEFAULT_SOCKET).exists():
        for socket in others:
            if socket.is_socket() and os.access(socket, os.W_OK):
                return Endpoint(url=f"unix://{socket}")
    return Endpoint(url=f"unix://{DEFAULT_SOCKET}")


def _tls_from(env: Mapping[str, str]) -> object:
    """Return the SDK's settings for a TCP engine; None if it speaks plain text."""
    from docker.utils import kwargs_from_env  # noqa: PLC0415

    return kwargs_from_env(environment=dict(env)).get("tls")


def _from_context(env: Mapping[str, str]) -> Endpoint | None:
    """Return the engine of the current Docker context; None for the default one."""
    config = Path(env.get("DOCKER_CONFIG") or Path.home() / ".docker", "config.json")
    name = env.get("DOCKER_CONTEXT", "")
    if not name and not config.is_file():
        return None
    from docker.context import ContextAPI  # noqa: PLC0415
    from docker.context.config import get_current_context_name  # noqa: PLC0415

    name = name or get_current_context_name()
    if name == "default":
        return None
    context: Any = ContextAPI.get_context(name)
    if context is None or not context.Host:
        msg = f"The current Docker context is not there: `{name}`"
        raise EngineError(msg, hint="docker context ls")
    return Endpoint(url=context.Host, context=name, tls=context.TLSConfig)
