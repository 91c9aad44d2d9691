"""What all kernels of a process share: the engine, one sweep, the sockets that boxes ask on."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack, suppress
from functools import cache

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import DevboxError
from jupyter_devbox.run.composed import stop_services
from jupyter_devbox.run.listening import Listeners
from jupyter_devbox.run.runtime_dir import default_base
from jupyter_devbox.run.start import Kernel
from jupyter_devbox.workflow.context import this_machine
from jupyter_devbox.workflow.sweeping import sweep

LISTENERS = Listeners()
_swept: set[int] = set()
_watched: set[str] = set()


@cache
def connect() -> Engine:
    """Return the engine of this process; a failure is not remembered."""
    from jupyter_devbox.engine.detect import connect  # noqa: PLC0415  # 0.3 s, at the first kernel

    return connect()


def stop_services_with(engine: Engine, kernel: Kernel) -> None:
    """Stop what runs beside a box when the box ends.

    What a process that ended before leaves is a sweep's. A box whose place another one takes, as
    one of other limits does, ends under a lock: once that is free, the other one runs.
    """
    project, box = kernel.spec.compose, kernel.container
    if project is None or box in _watched:
        return
    _watched.add(box)

    def work() -> None:
        with ExitStack() as held, suppress(DevboxError):  # the engine is gone, or a sweep does it
            engine.wait(box)
            with suppress(OSError):  # a box that was pruned: its folder went with it
                held.enter_context(kernel.runtime.locked())
            stop_services(engine, project.name)
        _watched.discard(box)

    threading.Thread(target=work, name="devbox-services", daemon=True).start()


def sweep_once(engine: Engine) -> None:
    """Remove what killed processes left behind, once a process, while the kernel is in use."""
    if os.getpid() in _swept:
        return
    _swept.add(os.getpid())
    context, base = this_machine(), default_base()

    def work() -> None:
        with suppress(DevboxError):  # a sweep that fails is made again by the next process
            sweep(context, engine, base)

    threading.Thread(target=work, name="devbox-sweep", daemon=True).start()
