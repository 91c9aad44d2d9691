"""Whether a box can reach a socket that the host listens on: tried, never guessed from names."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import TransportError
from jupyter_devbox.run.programs import PYTHON, share_launcher
from jupyter_devbox.run.runtime_dir import SOCKETS_IN_BOX, RuntimeDir
from jupyter_devbox.spec.container import ExecSpec


@contextmanager
def listening(runtime: RuntimeDir, name: str) -> Iterator[tuple[socket.socket, str]]:
    """Listen on a socket that the box can dial; yield it with its path in the box."""
    with runtime.listening(runtime.sockets / name) as listener:
        yield listener, f"{SOCKETS_IN_BOX}/{name}"


def probe(engine: Engine, container: str, runtime: RuntimeDir) -> None:
    """Have the box dial the host once.

    Raises
    ------
    TransportError
        It can't: the engine runs elsewhere, or sees another file system.
    """
    launcher = share_launcher(runtime)
    token = secrets.token_hex(8)
    with listening(runtime, f"probe-{token[:4]}") as (listener, address):
        command = (*PYTHON, launcher, "probe", address, token)
        result = engine.run(container, ExecSpec(command=command))
        if result.exit_code == 0 and _heard(listener) == token.encode():
            return
    said = tuple(result.stderr.strip().splitlines()[-1:])
    raise unreachable(runtime.path, said)


def _heard(listener: socket.socket) -> bytes:
    """Return what a caller that has hung up already said; b"" if nobody called."""
    listener.setblocking(False)  # noqa: FBT003  # the standard library's signature
    try:
        caller, _ = listener.accept()
    except BlockingIOError:
        return b""
    with caller:
        caller.settimeout(1)
        return caller.recv(64)


def unreachable(folder: Path, said: tuple[str, ...]) -> TransportError:
    """Return the error for a box that can't reach the host's sockets; a stream may still do."""
    msg = f"The box can't reach this machine's sockets: `{folder}`"
    return TransportError(msg, hint="jupyter devbox doctor", details=said)
