"""Starts kernels: in the project's box, or each in a container of its own."""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import DevboxError, KernelStartError
from jupyter_devbox.run.alone import start_alone
from jupyter_devbox.run.box import Record, box_runtime_dir, open_box, unrecorded
from jupyter_devbox.run.death import explain, last_lines, tail
from jupyter_devbox.run.ending import Moment
from jupyter_devbox.run.environment import IN_BOX
from jupyter_devbox.run.forked import fork_launcher
from jupyter_devbox.run.heartbeat import HEART
from jupyter_devbox.run.kernel import Channel, KernelProcess, await_sockets
from jupyter_devbox.run.listening_ports import OWN_SOCKETS
from jupyter_devbox.run.paths import PathMap
from jupyter_devbox.run.programs import LAUNCHER, PYTHON, share_launcher
from jupyter_devbox.run.relay import Relay
from jupyter_devbox.run.runtime_dir import (
    SHARED_IN_BOX,
    SOCKETS_IN_BOX,
    RuntimeDir,
    open_runtime_dir,
    runtime_key,
)
from jupyter_devbox.run.stream import stream_kernel
from jupyter_devbox.spec.box import Box, BoxSpec
from jupyter_devbox.spec.container import EMPTY, ExecSpec

KERNEL = ("python3", "-m", "ipykernel_launcher")
_SESSION = "JPY_SESSION_NAME"

_BEGIN = """\
def _devbox_begin():
    import faulthandler
    import os
    import sys
    log = os.environ.pop("JUPYTER_DEVBOX_LOG", "")
    if log.isdecimal():
        os.set_inheritable(int(log), False)
        faulthandler.enable(int(log), all_threads=False)
    attached = sys.breakpointhook
    def choose(_info):
        debugpy = sys.modules.get("debugpy")
        connected = debugpy is not None and debugpy.is_client_connected()
        if sys.breakpointhook in (attached, sys.__breakpointhook__):
            sys.breakpointhook = attached if connected else sys.__breakpointhook__
    if attached is not sys.__breakpointhook__:
        get_ipython().events.register("pre_run_cell", choose)
    for beginning in {!r}:
        try:
            place = beginning + str(os.getpid())
            own = os.open(place, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            os.unlink(place)
            break
        except OSError:
            continue
    else:
        return
    for name in os.listdir("/proc/self/fd"):
        try:
            os.write(own, os.readlink("/proc/self/fd/" + name).encode() + b"\\n")
        except OSError:
            continue
_devbox_begin()
del _devbox_begin
"""
"""What every kernel runs before all other.

Where it was when it crashed goes into its log. That is not to be had by PYTHONFAULTHANDLER, for
ipykernel takes standard error over as it starts. And `breakpoint()` asks in the cell unless a
debugger is attached: ipykernel imports debugpy, whose hook does nothing while none is. The sockets
that it has at this moment are its own: `listening_ports` reads them there."""

_NOTICE = """\
def _devbox_notice():
    import sys
    shell = get_ipython()
    def tell(info):
        if info.store_history:
            shell.events.unregister("pre_run_cell", tell)
            print({!r}, file=sys.stderr)
    shell.events.register("pre_run_cell", tell)
_devbox_notice()
del _devbox_notice
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelRequest:
    """A kernel to be started.

    Parameters
    ----------
    id
        Jupyter's kernel id.
    connection
        What the connection file says, except where the sockets are.
    folder
        The notebook's folder on the host.
    env
        Variables for this kernel alone; the notebook's path in JPY_SESSION_NAME is the host's.
    arguments
        Appended to the kernel's command line.
    seconds
        How long it may take until its sockets are bound.
    notice
        Text that stands above the output of the first cell that is run.
    """

    id: str
    connection: Mapping[str, object]
    folder: Path
    env: Mapping[str, str] = EMPTY
    arguments: tuple[str, ...] = ()
    seconds: float = 60.0
    notice: str = ""

    @property
    def name(self) -> str:
        """The short name of the kernel's files and sockets."""
        return kernel_name(self.id)


@dataclass(slots=True, kw_only=True)
class Kernel:
    """A kernel that has been started.

    Parameters
    ----------
    process
        Its life and death.
    container
        Id of the container it runs in.
    folder
        Its folder in the box.
    outside
        Whether the notebook's folder is not the project's, so that `folder` is the project's root.
    spec
        What its box was made from.
    began
        When it started.
    attached
        Whether another process started it.
    notebook
        The name of its notebook; "" where it has none, or another process started it.
    paths
        Where the project is, here and there.
    """

    process: KernelProcess
    engine: Engine
    container: str
    runtime: RuntimeDir
    name: str
    folder: str
    outside: bool
    spec: BoxSpec
    began: Moment
    paths: PathMap
    attached: bool = False
    notebook: str = ""

    def explain(self) -> KernelStartError:
        """Return why it ended; where its box went away that takes up to two seconds."""
        log = self.runtime.sockets / f"{self.name}.log"
        return explain(
            self.engine,
            self.container,
            self.process,
            log,
            spec=self.spec,
            began=self.began,
            notebook=self.notebook,
        )

    def last_output(self) -> str:
        """Return the end of what it wrote by itself, 64 KiB at most."""
        return tail(self.runtime.sockets / f"{self.name}.log")

    def core_dump(self) -> str:
        """Return the path in the project of the core dump that it left; "" for none."""
        if not self.process.core:
            return ""
        inner = posixpath.relpath(self.folder, self.paths.workspace)
        return posixpath.normpath(posixpath.join(inner, self.process.core))

    def release(self) -> None:
        """End it if it still runs, and remove what it leaves: files, sockets, its own container.

        One that is only attached to goes on.
        """
        ended = self.process.exit_code is not None
        self.process.close()
        if self.attached and not ended:
            return
        HEART.leave(self.runtime, self.name)
        if self.spec.isolation == "kernel":
            self.engine.remove(self.container)
            self.runtime.remove()
        else:
            self.runtime.discard(self.name)


def kernel_name(kernel_id: str) -> str:
    """Return twelve digits for a kernel id, whatever it contains."""
    return hashlib.sha256(kernel_id.encode()).hexdigest()[:12]


def kernel_runtime_dir(spec: BoxSpec, kernel_id: str, base: Path) -> RuntimeDir:
    """Return the folder for a kernel: its box's, or with isolation its own."""
    own = (kernel_id,) if spec.isolation == "kernel" else ()
    key = runtime_key(spec.project, spec.target, *filter(None, [spec.group]), *own)
    return open_runtime_dir(key, uid=spec.uid, gid=spec.gid, base=base)


def start_kernel(
    engine: Engine,
    spec: BoxSpec,
    request: KernelRequest,
    *,
    base: Path,
    host: Mapping[str, str],
    record: Record = unrecorded,
    on_end: Callable[[KernelProcess], None] = lambda _: None,
) -> Kernel:
    """Start a kernel and return it once it listens on all its sockets.

    Raises
    ------
    KernelStartError
        It ended before, or took too long; `details` are its last lines.
    """
    launch = partial(_launch_alone if spec.isolation == "kernel" else _launch_in_box, engine, spec)
    container, runtime, channel, paths = launch(request, base=base, host=host, record=record)
    inside = paths.to_box(request.folder)
    kernel = Kernel(
        process=KernelProcess(channel, on_end),
        engine=engine,
        container=container,
        runtime=runtime,
        name=request.name,
        folder=inside or paths.workspace,
        outside=inside is None,
        spec=spec,
        began=Moment.now(),
        paths=paths,
        notebook=Path(request.env.get(_SESSION, "")).name,
    )
    if await_sockets(kernel.process, _sockets(runtime, request), request.seconds):
        return kernel
    error = _failure(kernel, request.seconds)
    kernel.release()
    raise error


_Launched = tuple[str, RuntimeDir, Channel, PathMap]
"""Container, its folder, the channel to the launcher, and where the project is."""


def _launch_alone(
    engine: Engine,
    spec: BoxSpec,
    request: KernelRequest,
    *,
    base: Path,
    host: Mapping[str, str],
    record: Record,
) -> _Launched:
    """Start a launcher in a container of its own."""
    paths = PathMap(Path(spec.project), spec.workspace)
    runtime = kernel_runtime_dir(spec, request.id, base)
    _lay_out(runtime, request)
    try:
        container, channel = start_alone(
            engine,
            spec,
            runtime,
            request.name,
            command=lambda channel: (*_launcher(channel), *_arguments(request, paths)),
            stream=partial(_stream, engine, runtime, request, paths, last=True),
            env=_environment(request, paths),
            host=host,
            record=record,
            box_runtime=box_runtime_dir(spec, base),
        )
    except DevboxError:
        HEART.leave(runtime, request.name)
        raise
    return container, runtime, channel, paths


def _launch_in_box(
    engine: Engine,
    spec: BoxSpec,
    request: KernelRequest,
    *,
    base: Path,
    host: Mapping[str, str],
    record: Record,
) -> _Launched:
    """Start a launcher in the project's box, twice if that stops for idleness this very moment."""
    first = True
    while True:
        box, runtime = open_box(engine, spec, base=base, host=host, record=record)
        paths = PathMap(Path(spec.project), box.workspace)
        _lay_out(runtime, request)
        try:
            return box.id, runtime, _open_channel(engine, box, runtime, request, paths), paths
        except DevboxError:
            HEART.leave(runtime, request.name)
            runtime.discard(request.name)
            state = engine.container(box.id)
            if not first or state is None or state.status != "exited":
                raise
            first = False


def _open_channel(
    engine: Engine, box: Box, runtime: RuntimeDir, request: KernelRequest, paths: PathMap
) -> Channel:
    """Start a launcher in a running box, by the transport that it has."""
    if box.transport == "stream":
        return _stream(engine, runtime, request, paths, box.id, user=box.user)
    arguments, env = _arguments(request, paths), _environment(request, paths)
    name = request.name
    forked = fork_launcher(engine, box.id, runtime, name, arguments=arguments, env=env)
    if forked is not None:
        return forked
    command = (*_launcher("-"), *arguments)
    return engine.stream(box.id, ExecSpec(command=command, env=env, stdin=True))


def _lay_out(runtime: RuntimeDir, request: KernelRequest) -> None:
    """Write what the kernel reads, remove what an earlier one of that name left."""
    runtime.discard(request.name)
    share_launcher(runtime)
    here = {"transport": "ipc", "ip": f"{SOCKETS_IN_BOX}/{request.name}"}
    connection = json.dumps({**request.connection, **here}, indent=2)
    runtime.share(f"{request.name}.json", connection.encode())
    runtime.share(f"{request.name}.py", _first(request).encode())
    HEART.join(runtime, request.name)


def _first(request: KernelRequest) -> str:
    """Return the code that a kernel runs before all other."""
    return _BEGIN.format(OWN_SOCKETS) + (_NOTICE.format(request.notice) if request.notice else "")


def _environment(request: KernelRequest, paths: PathMap) -> dict[str, str]:
    """Return the kernel's own variables, its notebook's path as the box sees it."""
    env = {**request.env, IN_BOX: "1"}
    if session := env.get(_SESSION):
        env[_SESSION] = paths.to_box(session) or Path(session).name
    return env


def _stream(
    engine: Engine,
    runtime: RuntimeDir,
    request: KernelRequest,
    paths: PathMap,
    container: str,
    *,
    user: str = "",
    last: bool = False,
) -> Relay:
    """Start the kernel over a stream."""
    return stream_kernel(
        engine,
        container,
        runtime,
        request.name,
        connection=request.connection,
        folder=paths.to_box(request.folder) or paths.workspace,
        command=(*KERNEL, *request.arguments),
        env=_environment(request, paths),
        user=user,
        last=last,
        first=_first(request),
    )


def _launcher(channel: str) -> tuple[str, ...]:
    """Return how a launcher's command line begins; `_arguments` follow."""
    return (*PYTHON, f"{SHARED_IN_BOX}/{LAUNCHER}", "kernel", channel)


def _arguments(request: KernelRequest, paths: PathMap) -> tuple[str, ...]:
    """Return what a launcher needs to know of a kernel, its command line inside."""
    folder = paths.to_box(request.folder) or paths.workspace
    log = f"{SOCKETS_IN_BOX}/{request.name}.log"
    file = f"{SHARED_IN_BOX}/{request.name}.json"
    first = f"--IPKernelApp.exec_files={SHARED_IN_BOX}/{request.name}.py"
    return (log, folder, file, *KERNEL, first, *request.arguments)


def _sockets(runtime: RuntimeDir, request: KernelRequest) -> list[Path]:
    """Return the paths on the host of the sockets that the kernel binds."""
    numbers = (value for name, value in request.connection.items() if name.endswith("_port"))
    return [runtime.sockets / f"{request.name}-{number}" for number in numbers]


def _failure(kernel: Kernel, seconds: float) -> DevboxError:
    """Return why a kernel does not listen."""
    if kernel.process.exit_code is not None:
        return kernel.explain()
    kernel.process.kill()
    kernel.process.wait(2)
    lines = last_lines(kernel.runtime.sockets / f"{kernel.name}.log")
    msg = f"The kernel did not answer in time: {seconds:.0f} s"
    return KernelStartError(
        msg, hint="start it again; jupyter devbox shell opens the box", details=lines
    )
