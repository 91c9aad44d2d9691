"""A container for one kernel: the launcher is its main process and dials the host."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from functools import partial

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import DevboxError, EngineError, TransportError
from jupyter_devbox.run.box import Record, container_name, create
from jupyter_devbox.run.identity import IDLE
from jupyter_devbox.run.kernel import Channel
from jupyter_devbox.run.probe import listening, unreachable
from jupyter_devbox.run.runtime_dir import RuntimeDir
from jupyter_devbox.spec.box import BoxSpec

_PATIENCE = 20.0
_LOOK = 0.25
_CANT_DIAL = "alone-by-stream"


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
    *,
    command: Callable[[str], tuple[str, ...]],
    stream: Callable[[str], Channel],
    env: Mapping[str, str],
    host: Mapping[str, str],
    record: Record,
    box_runtime: RuntimeDir,
) -> tuple[str, Channel]:
    """Create and start a kernel's container; return its id and the channel to its launcher.

    Where such a container can't dial the host, which is tried once a project, it is left idle
    and the kernel comes over a stream.

    Parameters
    ----------
    name
        The kernel's short name.
    command
        The launcher's command line as a function of the socket that it is to dial.
    stream
        Starts the kernel over a stream, in a running container.
    box_runtime
        The folder of the project's box: what was found is noted there.
    """
    make = partial(
        create,
        engine,
        spec,
        runtime,
        kind="kernel",
        host=host,
        record=record,
        name=container_name(spec, name[:8]),
    )
    try:
        if not box_runtime.marked(_CANT_DIAL):
            try:
                return _dialled(engine, runtime, lambda at: make(command=command(at), env=env))
            except TransportError:
                box_runtime.mark(_CANT_DIAL)
        return _streamed(engine, make, stream)
    except DevboxError:
        runtime.remove()
        raise


def _dialled(
    engine: Engine, runtime: RuntimeDir, make: Callable[[str], str]
) -> tuple[str, Channel]:
    """Start a container whose main process is the launcher, and wait for its call."""
    container = ""
    try:
        with listening(runtime, "c") as (listener, address):
            container = make(address)
            engine.start(container)
            return container, SocketChannel(_called(engine, container, runtime, listener))
    except DevboxError:
        if container:
            engine.remove(container)
        raise


def _streamed(
    engine: Engine, make: Callable[..., str], stream: Callable[[str], Channel]
) -> tuple[str, Channel]:
    """Start an idle container and the kernel in it, over a stream."""
    container = make(command=IDLE, shared=False)
    try:
        engine.start(container)
        return container, stream(container)
    except DevboxError:
        engine.remove(container)
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
