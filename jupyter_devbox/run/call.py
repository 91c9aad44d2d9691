"""The call that a launcher makes when it has been started: the host listens, the launcher dials."""

from __future__ import annotations

import socket
import time

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import EngineError

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


def await_call(
    engine: Engine, container: str, listener: socket.socket, seconds: float
) -> SocketChannel | None:
    """Return the channel to the launcher that dials; None if its container ends or nobody does."""
    listener.settimeout(_LOOK)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            end, _ = listener.accept()
        except TimeoutError:  # noqa: PERF203  # one turn takes a quarter of a second
            state = engine.container(container)
            if state is None or state.status != "running":
                break
        else:
            end.settimeout(None)
            return SocketChannel(end)
    return None
