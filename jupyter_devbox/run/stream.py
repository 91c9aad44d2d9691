"""A kernel over one exec stream: the transport for boxes that can't reach this machine's sockets.

The program that runs in the box is the first thing that travels on the stream. So it needs no
folder that is shared, none that can be written and no program of ours in the image: Python alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from jupyter_devbox.engine.base import Engine, ExecStream
from jupyter_devbox.errors import EngineError, TransportError
from jupyter_devbox.run import frames, launcher, stream_launcher
from jupyter_devbox.run.listening import HOST_SOCKET
from jupyter_devbox.run.programs import PYTHON
from jupyter_devbox.run.relay import Relay
from jupyter_devbox.run.runtime_dir import RuntimeDir
from jupyter_devbox.spec.container import EMPTY, ExecSpec

_MOST_SAID = 1000
_MODULES = (frames, launcher, stream_launcher)  # each after those that it imports
_BEGIN = """
import os, sys, types
def take(count):
    data = b""
    while len(data) < count:
        part = os.read(0, count - len(data))
        if not part:
            sys.exit(1)
        data += part
    return data
def text():
    return take(int.from_bytes(take(4), "big")).decode()
for _ in range(int(sys.argv[1])):
    name = text()
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(text(), name, "exec"), module.__dict__)
sys.exit(module.main(sys.argv[2:], text(), text()))
"""


def stream_kernel(
    engine: Engine,
    container: str,
    runtime: RuntimeDir,
    name: str,
    *,
    connection: Mapping[str, object],
    folder: str,
    command: tuple[str, ...],
    env: Mapping[str, str],
    user: str = "",
    last: bool = False,
    first: str = "",
) -> Relay:
    """Start a kernel in a running container and return the channel to its launcher.

    Parameters
    ----------
    name
        The kernel's short name: clients dial ``<name>-1`` to ``<name>-5`` among the sockets of
        `runtime`, which appear once the kernel listens.
    connection
        What the connection file says, except where the sockets are; its ports are 1 to 5.
    folder
        Where in the box the kernel works.
    user
        Who it runs as; "" for the container's own user.
    last
        Whether the container is to end with the kernel.
    first
        Code that the kernel runs before all other; "" for none.
    """
    numbers = [value for key, value in connection.items() if key.endswith("_port")]
    here = {"transport": "ipc", "ip": stream_launcher.PLACE}
    text = json.dumps({**connection, **here}, indent=2)
    words = (folder, "last" if last else "", *command)
    stream = begin(engine, container, words, (text, first), env=env, user=user)
    sockets = {f"kernel/{number}": runtime.sockets / f"{name}-{number}" for number in numbers}
    log = runtime.sockets / f"{name}.log"
    return Relay(stream, sockets, log, runtime.listen, runtime.shared / HOST_SOCKET)


def probe_stream(engine: Engine, container: str, *, user: str = "") -> None:
    """Have the box greet over a stream once.

    Raises
    ------
    TransportError
        It can't: no Python that is new enough, as a rule.
    """
    stream = begin(engine, container, ("", ""), ("", ""), user=user)
    said = b""
    try:
        while chunk := stream.read():
            said = (said + chunk)[:_MOST_SAID]
        greeting = frames.Multiplexer(host=True).receive(said)
    except frames.FrameError:
        greeting = []
    finally:
        stream.close()
    if greeting != [(frames.HELLO, 0, frames.VERSION)]:
        raise _mute(container, stream, said)


def begin(
    engine: Engine,
    container: str,
    words: tuple[str, ...],
    texts: tuple[str, str],
    *,
    more: tuple[ModuleType, ...] = (),
    env: Mapping[str, str] = EMPTY,
    user: str = "",
) -> ExecStream:
    """Start a program of ours in a box and return the stream that it came on.

    Parameters
    ----------
    words, texts
        What its `main` is called with.
    more
        Modules that it consists of besides the launcher's, each after those that it imports; the
        last has the `main`. None for the launcher itself.

    Raises
    ------
    TransportError
        The box has no Python that is new enough.
    """
    modules = (*_MODULES, *more)
    command = (*PYTHON, "-c", _BEGIN, str(len(modules)), *words)
    stream = engine.stream(container, ExecSpec(command=command, env=env, user=user, stdin=True))
    try:
        for module in modules:
            stream.write(_part(module.__name__) + _part(_source(module.__file__)))
        for text in texts:
            stream.write(_part(text))
    except EngineError as error:
        said = stream.read()[:_MOST_SAID]
        stream.close()
        raise _mute(container, stream, said) from error
    return stream


def _mute(container: str, stream: ExecStream, said: bytes) -> TransportError:
    """Return the error for a box in which the launcher did not get to speak."""
    last = (stream.stderr() or said.decode(errors="replace")).strip().splitlines()[-1:]
    msg = f"The box has no Python that could run a kernel: `{container[:12]}`"
    return TransportError(msg, hint="jupyter devbox build", details=tuple(last))


def _source(file: str | None) -> str:
    return Path(file or "").read_text(encoding="utf-8")


def _part(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(4, "big") + data
