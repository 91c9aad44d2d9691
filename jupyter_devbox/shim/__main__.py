"""A box's kernel for clients that start `argv` themselves, as VS Code and other environments do.

::

    python -m jupyter_devbox.shim -f CONNECTION_FILE

It listens where the connection file says before anything else, so that the client's connections
wait instead of being refused; has our provisioner start the kernel; and passes bytes between the
client and the kernel's sockets. It ends with its parent. SIGINT interrupts the kernel, SIGTERM
ends it, and its exit code is the kernel's.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_devbox.errors import ConfigurationError, DevboxError, UsageError
from jupyter_devbox.shim.doors import PORTS, open_doors
from jupyter_devbox.spec.kernelspec import SPEC_VARIABLE

if TYPE_CHECKING:
    from jupyter_devbox.shim.manager import BoxKernelManager

_LOOK = 0.5
_PATIENCE = 4.0
_UNEXPECTED = 1


class Shim:
    """One kernel, from the client's point of view.

    Parameters
    ----------
    file
        The client's connection file.
    arguments
        Appended to the kernel's command line.
    """

    def __init__(self, file: Path, arguments: Sequence[str]) -> None:
        self._file = file
        self._arguments = list(arguments)
        self._ending = asyncio.Event()
        self._parent = os.getppid()

    async def run(self) -> int:
        """Run the kernel to its end; return its exit code, negative for a signal.

        Raises
        ------
        DevboxError
            It could not be started, or ended by itself and there is more to say about it.
        """
        connection = self._read()
        doors = open_doors(connection)
        self._watch_parent()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._ending.set)
        loop.add_signal_handler(signal.SIGINT, lambda: None)  # nothing to interrupt yet
        manager = self._manager(connection)
        starting = asyncio.ensure_future(
            manager.start_kernel(cwd=str(Path.cwd()), extra_arguments=self._arguments)
        )
        if not await self._unless_ending(starting):
            return -signal.SIGTERM  # the stream to the box ends with this process
        starting.result()
        provisioner: Any = manager.provisioner
        for door, number in zip(doors, range(1, 6), strict=True):
            door.lead_to(f"{manager.ip}-{number}")
        tasks = set()

        def interrupt() -> None:
            task = asyncio.ensure_future(provisioner.send_signal(signal.SIGINT))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        loop.add_signal_handler(signal.SIGINT, interrupt)
        self._forward_ports()
        ended = asyncio.ensure_future(provisioner.wait())
        if not await self._unless_ending(ended):
            await provisioner.terminate()
            await asyncio.wait([ended], timeout=_PATIENCE)
            await provisioner.kill()
        code = int(await ended)
        why = await asyncio.to_thread(provisioner.why)
        asked = self._ending.is_set()
        await provisioner.cleanup()
        if code and why is not None and not asked:
            print(_sentence(why), file=sys.stderr, flush=True)  # noqa: T201
        return code

    def _forward_ports(self) -> None:
        """Let programs in the box be reached: the client's server may know nothing of boxes."""
        from jupyter_devbox.run.ports import PORTS  # noqa: PLC0415  # see `_manager`

        PORTS.enable()

    async def _unless_ending(self, work: asyncio.Future[Any]) -> bool:
        """Wait for work; return False if this process is to end before."""
        ending = asyncio.ensure_future(self._ending.wait())
        await asyncio.wait([work, ending], return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        return work.done()

    def _read(self) -> dict[str, Any]:
        """Return what the connection file says."""
        try:
            connection = json.loads(self._file.read_bytes())
            if connection.keys() >= {"ip", "key", *PORTS}:
                return dict(connection)
        except (OSError, ValueError, AttributeError) as error:
            raise self._damaged() from error
        raise self._damaged()

    def _damaged(self) -> ConfigurationError:
        msg = f"This is no connection file: `{self._file}`"
        return ConfigurationError(msg, hint="start the kernel again")

    def _manager(self, connection: Mapping[str, Any]) -> BoxKernelManager:
        """Return a kernel manager whose kernel has the client's key, and our provisioner."""
        from jupyter_devbox.shim.manager import box_manager  # noqa: PLC0415  # 0.2 s, doors first

        return box_manager(
            os.environ.pop(SPEC_VARIABLE, ""),
            kernel_id=str(self._file),
            key=str(connection["key"]).encode(),
            scheme=str(connection.get("signature_scheme") or "hmac-sha256"),
        )

    def _watch_parent(self) -> None:
        """End when the parent does, however it ends."""
        loop = asyncio.get_running_loop()
        if hasattr(os, "pidfd_open"):
            try:
                loop.add_reader(os.pidfd_open(self._parent), self._ending.set)
            except OSError:  # it has ended just now, or the kernel of this machine is too old
                pass
            else:
                if os.getppid() != self._parent:
                    self._ending.set()
                return
        self._look_for_parent(loop)

    def _look_for_parent(self, loop: asyncio.AbstractEventLoop) -> None:
        if os.getppid() != self._parent:
            self._ending.set()
        else:
            loop.call_later(_LOOK, self._look_for_parent, loop)


def _sentence(error: BaseException) -> str:
    from jupyter_devbox.provisioner.words import sentence  # noqa: PLC0415  # see `_manager`

    return sentence(error) if isinstance(error, DevboxError) else str(error)


def _end_like(code: int) -> int:
    """End by the signal that ended the kernel, without a core file; else return the exit code."""
    if code >= 0:
        return code
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if -code != signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
    return 128 - code


def main(arguments: Sequence[str]) -> int:
    """Run a kernel and return the exit code for this process."""
    words = list(arguments)
    try:
        if "-f" not in words[:-1]:
            msg = "A connection file is missing: `-f FILE`"
            raise UsageError(msg, hint="choose the kernel in JupyterLab or VS Code")
        at = words.index("-f")
        shim = Shim(Path(words[at + 1]), words[:at] + words[at + 2 :])
        code = asyncio.run(shim.run())
    except DevboxError as error:
        print(_sentence(error), file=sys.stderr, flush=True)  # noqa: T201
        return error.exit_code
    sys.stderr.flush()
    return _end_like(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
