"""A container for one kernel: the launcher is its main process and dials the host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import DevboxError, TransportError
from jupyter_devbox.run.box import Record, container_name, create
from jupyter_devbox.run.call import await_call
from jupyter_devbox.run.identity import IDLE
from jupyter_devbox.run.kernel import Channel
from jupyter_devbox.run.probe import listening, unreachable
from jupyter_devbox.run.runtime_dir import RuntimeDir
from jupyter_devbox.spec.box import BoxSpec

_PATIENCE = 20.0
_CANT_DIAL = "alone-by-stream"


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
            channel = await_call(engine, container, listener, _PATIENCE)
        if channel is None:
            raise unreachable(runtime.path, engine.logs(container, 1))
    except DevboxError:
        if container:
            engine.remove(container)
        raise
    return container, channel


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
