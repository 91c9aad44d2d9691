"""A container for one kernel: the launcher is its main process and dials the host."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import DevboxError, EngineError
from jupyter_devbox.run.box import Record, container_name, create
from jupyter_devbox.run.probe import listening, unreachable
from jupyter_devbox.run.runtime_dir import RuntimeDir
from jupyter_devbox.spec.box import BoxSpec

_PATIENCE = 20.0
_LOOK = 0.25


class SocketChannel:
    """Both directions to a launcher that has dialled the host. Satisfies `kernel.Channel`."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def write(self, data: bytes) -> None:
        """Send signals; raises `EngineError` when the launcher is gone."""
        try:
            self._end.sendall(data)
        except OSError as error:
            msg = "The kernel's launcher has ended"
            raise EngineError(msg) from error

    def read(self) -> bytes:
        """Return what the launcher says; b"" at its end."""
        try:
            return self._end.recv(4096)
        except OSError:
            return b""

    def close(self) -> None:
        """Hang up; a reader in another thread sees the end."""
        try:
            self._end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        finally:
            self._end.close()


def start_alone(
    engine: Engine,
    spec: BoxSpec,
    runtime: RuntimeDir,
    name: str,
    command: Callable[[str], tuple[str, ...]],
    *,
    env: Mapping[str, str],
    host: Mapping[str, str],
    record: Record,
) -> tuple[str, SocketChannel]:
    """Create and start a kernel's container; return its id and the channel to its launcher.

    Parameters
    ----------
    name
        The kernel's short name.
    command
        The launcher's command line as a function of the socket that it is to dial.

    Raises
    ------
    TransportError
        The container runs, and its launcher can't reach the host.
    """
    container = ""
    try:
        with listening(runtime, "c") as (listener, address):
            container = create(
                engine,
                spec,
                runtime,
                kind="kernel",
                host=host,
                record=record,
                command=command(address),
                name=container_name(spec, name[:8]),
                env=env,
            )
            engine.start(container)
            return container, SocketChannel(_called(engine, container, runtime, listener))
    except DevboxError:
        if container:
            engine.remove(container)
        runtime.remove()
        raise


def _called(
    engine: Engine, container: str, runtime: RuntimeDir, listener: socket.socket
) -> socket.socket:
    """Return the connection that the container's launcher makes."""
    listener.settimeout(_LOOK)
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            end, _ = listener.accept()
        except TimeoutError:  # noqa: PERF203  # one turn takes a quarter of a second
            state = engine.container(container)
            if state is None or state.status != "running":
                break
        else:
            end.settimeout(None)
            return end
    raise unreachable(runtime.path, engine.logs(container, 1))
