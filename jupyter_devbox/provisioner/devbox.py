"""The provisioner: what Jupyter's kernel manager calls. Everything that blocks runs in a thread."""

# ruff: noqa: ANN401, ARG002, FBT001, FBT002  # these signatures are jupyter_client's
from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from jupyter_client.connect import KernelConnectionInfo

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import DevboxError
from jupyter_devbox.provisioner.settings import KernelSettings
from jupyter_devbox.provisioner.shared import LISTENERS, connect, stop_services_with, sweep_once
from jupyter_devbox.provisioner.words import notice, sentence
from jupyter_devbox.run.attach import attach_kernel, kernel_facts
from jupyter_devbox.run.box import stop_superseded
from jupyter_devbox.run.death import crashed
from jupyter_devbox.run.environment import carried
from jupyter_devbox.run.kernel import KernelProcess
from jupyter_devbox.run.listening import Answer
from jupyter_devbox.run.ports import PORTS
from jupyter_devbox.run.runtime_dir import default_base
from jupyter_devbox.run.shown import FRAMES
from jupyter_devbox.run.start import (
    Kernel,
    KernelRequest,
    kernel_name,
    kernel_runtime_dir,
    start_kernel,
)
from jupyter_devbox.spec.asking import Reply
from jupyter_devbox.spec.box import BoxSpec
from jupyter_devbox.spec.compose_project import ComposeProject
from jupyter_devbox.spec.kernelspec import SPEC_VARIABLE
from jupyter_devbox.spec.rights import Granted
from jupyter_devbox.workflow.composing import compose_project
from jupyter_devbox.workflow.context import this_machine
from jupyter_devbox.workflow.crashes import keep_core, keep_crash, with_log
from jupyter_devbox.workflow.deaths import note_death
from jupyter_devbox.workflow.opening import record_container
from jupyter_devbox.workflow.trusting import granted_rights

P = ParamSpec("P")
T = TypeVar("T")

_PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
_SESSION = "JPY_SESSION_NAME"
_PATIENCE = 2.0


class DevboxProvisioner(KernelSettings):
    """Runs a kernel in the box of its project, or in a container of its own."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._kernel: Kernel | None = None
        self._alive = False
        self._arguments: tuple[str, ...] = ()
        self._engine: Engine | None = None
        self._granted = Granted()
        self._compose: ComposeProject | None = None
        self._spec: BoxSpec | None = None
        self._death: DevboxError | None = None
        self.last_death: DevboxError | None = None
        """Why the last kernel that nobody ended did end, until the user ends one."""

    def connect(self) -> Engine:
        """Return the engine that runs the box."""
        return connect()

    def box_spec(self) -> BoxSpec:
        """Return the box that the kernelspec asks for."""
        rootless = self._engine is not None and self._engine.info().rootless
        return self.asked_box(self._granted, rootless=rootless, compose=self._compose)

    def record(self, kind: str, container: str) -> None:
        """Note a container that is about to start, so that `prune` and the sweep find it."""
        engine = self._engine or self.connect()
        record_container(this_machine(), engine, self.project)(kind, container)

    @property
    def container(self) -> str:
        """Id of the container that the kernel is in; "" while there is none."""
        return self._kernel.container if self._kernel is not None else ""

    @property
    def has_process(self) -> bool:
        """Whether there is a kernel that has not been waited for."""
        return self._alive

    @property
    def running(self) -> bool:
        """Whether there is a kernel that has not ended."""
        return self._kernel is not None and self._kernel.process.exit_code is None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Make sure of the engine, and decide where the kernel's sockets are.

        Called by the kernel manager before every start; returns what `launch_kernel` is given.
        """
        self._arguments = tuple(kwargs.pop("extra_arguments", ()))
        kwargs.pop("transport_encryption", None)  # sockets in a folder of the user's alone
        await self._in_thread(self._listen_at)
        # The spec says `message` for those who have no provisioner. Here a signal reaches the
        # kernel's group, and it works while C code keeps the control thread from running.
        self.kernel_spec.interrupt_mode = "signal"
        return await super().pre_launch(cmd=list(self.kernel_spec.argv), **kwargs)

    def _listen_at(self) -> None:
        """Give the kernel manager the sockets' place and have it write its connection file."""
        self.renew()
        self._allow()
        self._engine = self.connect()
        self._spec = spec = self.box_spec()
        manager: Any = self.parent
        runtime = kernel_runtime_dir(spec, self.kernel_id, default_base())
        place = str(runtime.sockets / kernel_name(self.kernel_id))
        if manager.transport != "ipc" or manager.ip != place:
            manager.transport, manager.ip = "ipc", place
            for number, port in enumerate(_PORTS, 1):
                setattr(manager, port, number)
        manager.write_connection_file()
        self.connection_info = manager.get_connection_info()

    def _allow(self) -> None:
        """Take what the user allowed the project's box; raise if its configuration changed."""
        if Path(self.project).is_dir():
            machine, root, group = this_machine(), Path(self.project), self.group
            self._granted, left_out = granted_rights(
                machine, root, os.environ, self.box_target, group
            )
            self._compose = compose_project(machine, root, self.box_target, group)
            for line in left_out:
                self.log.warning("The box does without: %s", line)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel in its box and return once it listens; the spec's `argv` is not used."""
        del cmd
        starting = asyncio.ensure_future(self._in_thread(self._start, kwargs))
        try:
            kernel = await asyncio.shield(starting)
        except asyncio.CancelledError:
            await self._take_back(starting)
            raise
        self._kernel, self._alive, self._death = kernel, True, None
        sweep_once(kernel.engine)
        stop_services_with(kernel.engine, kernel)
        LISTENERS.hold(kernel.runtime, self._answers(kernel))
        PORTS.hold(kernel.engine, kernel.container, kernel.runtime, kernel.spec)
        if kernel.outside:
            self.log.warning(
                "The notebook is not in the project, so the kernel starts in its root: `%s`",
                self.project,
            )
        return self.connection_info

    async def _take_back(self, starting: asyncio.Future[Kernel]) -> None:
        """End the kernel of a start that nobody waits for: its thread goes on, and would own it."""
        with suppress(DevboxError):  # then there is none
            self._kernel = await starting
            await self.shutdown_requested()
            await self.kill()
            await self.cleanup()

    def _start(self, kwargs: Mapping[str, Any]) -> Kernel:
        """Start the kernel; blocks."""
        spec = self._spec or self.box_spec()
        info: Mapping[str, Any] = self.connection_info
        kept = (*_PORTS, "signature_scheme")
        request = KernelRequest(
            id=self.kernel_id,
            connection={
                **{name: info[name] for name in kept},
                "key": info["key"].decode(),
                "kernel_name": info.get("kernel_name", ""),
            },
            folder=Path(kwargs.get("cwd") or Path.cwd()),
            env=self._environment(spec, kwargs.get("env") or {}),
            arguments=self._arguments,
            seconds=self.start_timeout,
            notice=notice(self._death) if self._death else "",
        )
        return start_kernel(
            self._engine or self.connect(),
            spec,
            request,
            base=default_base(),
            host=os.environ,
            record=self.record,
            on_end=self._ended,
        )

    def _answers(self, kernel: Kernel) -> Answer:
        """Return what answers the box when it asks for something."""
        spec, box = kernel.spec, kernel.container[:12]

        @cache
        def prepared() -> Answer:
            from jupyter_devbox.workflow import asking  # noqa: PLC0415  # 0.1 s, when a box asks

            project = Path(spec.project)
            asker = asking.Asker(box=box, project=project, workspace=kernel.paths.workspace)
            return asking.BoxAnswers(this_machine(), asker)

        def answer(line: bytes) -> Reply:
            return prepared()(line)

        return answer

    def _environment(self, spec: BoxSpec, env: Mapping[str, str]) -> dict[str, str]:
        """Return the kernel's own variables: the kernelspec's, and where its notebook is."""
        listed = self.kernel_spec.env.keys() & env.keys() - {SPEC_VARIABLE}
        mine = {
            **FRAMES.variables(self.kernel_id),
            **carried(env),
            **{name: env[name] for name in sorted(listed)},
        }
        mine |= {_SESSION: env[_SESSION]} if env.get(_SESSION) else {}
        return mine

    def _ended(self, process: KernelProcess) -> None:
        """Say why a kernel ended that nobody asked to end; called from its own thread.

        In the log at once, in the first cell of the next kernel, and in `jupyter devbox status`.
        """
        kernel = self._kernel
        if kernel is None or kernel.process is not process:
            return  # it never came up: `launch_kernel` raises
        if not process.asked_to_end and process.exit_code != 0:
            self._death = self.last_death = self._explained(kernel)
            self.log.error("%s", sentence(self._death))
            with suppress(DevboxError):  # a full disk: the log has it
                note_death(this_machine(), self.project, self._death)

    def _explained(self, kernel: Kernel) -> DevboxError:
        """Return why a kernel ended; of one that crashed, what it said is kept first."""
        why = kernel.explain()
        if crashed(kernel.process.exit_code):
            with suppress(DevboxError):  # a full disk: the lines above are all there is
                machine, dump = this_machine(), kernel.core_dump()
                if file := keep_crash(machine, self.project, kernel.last_output()):
                    core = keep_core(machine, self.project, dump, file) if dump else None
                    return with_log(why, file, core)
        return why

    async def poll(self) -> int | None:
        """Return the exit code, None while the kernel runs. Asks nobody: a thread knows."""
        return self._kernel.process.exit_code if self._kernel is not None else 0

    async def wait(self) -> int | None:
        """Wait for the kernel's end."""
        while (code := await self.poll()) is None:  # noqa: ASYNC110  # no thread left behind
            await asyncio.sleep(0.02)
        self._alive = False
        return code

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the kernel and its children."""
        if signum == signal.SIGKILL:
            await self.kill()
        elif signum == signal.SIGTERM:
            await self.terminate()
        elif self._kernel is not None:
            await asyncio.to_thread(self._kernel.process.send_signal, signum)

    async def terminate(self, restart: bool = False) -> None:
        """Ask the kernel to end."""
        if self._kernel is not None:
            await asyncio.to_thread(self._kernel.process.terminate)

    async def kill(self, restart: bool = False) -> None:
        """End the kernel; if its box does not obey, let go of it."""
        if self._kernel is None:
            return
        process = self._kernel.process
        await asyncio.to_thread(process.kill)
        if await asyncio.to_thread(process.wait, _PATIENCE) is None:
            await asyncio.to_thread(process.close)

    async def shutdown_requested(self, restart: bool = False) -> None:
        """Remember that the end which follows was wanted."""
        self.last_death = None
        if self._kernel is not None:
            self._kernel.process.asked_to_end = True

    async def cleanup(self, restart: bool = False) -> None:
        """Remove what the kernel left; the box stays warm."""
        kernel, self._kernel, self._alive = self._kernel, None, False
        if kernel is None:
            return
        try:
            if not kernel.attached:
                await asyncio.to_thread(LISTENERS.release, kernel.runtime)
                PORTS.release(kernel.container)
            await self._in_thread(self._release, kernel)
            if not restart:  # else the next start looks for a box
                await self._in_thread(self._leave, kernel)
        except DevboxError as error:  # the engine is gone, and the kernel with it
            self.log.warning("%s", error)

    def _release(self, kernel: Kernel) -> None:
        """Remove what a kernel left, from the ledger too; blocks."""
        kernel.release()
        if kernel.spec.isolation == "kernel" and not kernel.attached:
            this_machine().ledger.forget("kernel", kernel.container)

    def _leave(self, kernel: Kernel) -> None:
        """Stop the box of a kernel that has ended, if new kernels get another one; blocks."""
        if kernel.attached or kernel.spec.isolation == "kernel":
            return
        self.renew()
        now, then = (self.limits, self.cards, self.image), kernel.spec
        if now != (then.limits, then.gpus, then.image):
            stop_superseded(kernel.engine, kernel.container, self.box_spec())

    def why(self) -> DevboxError | None:
        """Return why the kernel ended, None while it runs; blocks a moment."""
        if self._kernel is None or self._kernel.process.exit_code is None:
            return None
        return self._kernel.explain()

    def resolve_path(self, path: str) -> str | None:
        """Return the host's path for a path in the kernel, if the project has that file."""
        if self._kernel is None:
            return None
        return self._kernel.paths.existing(path, self._kernel.folder)

    async def get_provisioner_info(self) -> dict[str, Any]:
        """Return what is known about the running kernel, as plain values."""
        info = await super().get_provisioner_info()
        if self._kernel is not None:
            info |= kernel_facts(self._kernel)
        return info | {"image": self.image, "project": self.project, "target": self.target}

    async def load_provisioner_info(self, provisioner_info: dict[str, Any]) -> None:
        """Attach to a kernel that another process started and that still runs.

        Raises
        ------
        RunError
            The information is not about a kernel of this project.
        """
        await super().load_provisioner_info(provisioner_info)
        self._kernel = await self._in_thread(self._attach, provisioner_info)
        self._alive = self._kernel is not None

    def _attach(self, facts: Mapping[str, object]) -> Kernel | None:
        """Attach to a kernel; blocks."""
        self._engine = self.connect()
        base = default_base()
        return attach_kernel(
            self._engine, self.box_spec(), self.kernel_id, facts, base=base, on_end=self._ended
        )

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run blocking work; an error comes out as what a notebook can show."""
        try:
            return await asyncio.to_thread(work, *args, **kwargs)
        except DevboxError as error:
            # Jupyter shows str(error), and logs the traceback: both shall be short.
            error.args = (sentence(error),)
            raise error.with_traceback(None) from None
