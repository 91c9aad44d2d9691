"""What all handlers share: one object a server."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import EngineError
from jupyter_devbox.run.ports import PORTS
from jupyter_devbox.server.announce import Announcer, Emit
from jupyter_devbox.server.builds.job import Job
from jupyter_devbox.server.builds.jobs import Builds
from jupyter_devbox.server.live import LiveKernels
from jupyter_devbox.server.once import Once
from jupyter_devbox.server.watch import Watch
from jupyter_devbox.workflow.containerize import containerize
from jupyter_devbox.workflow.context import Context

_THREADS = 8
_FRESH = 0.2
"""Seconds for which an answer is good to the other pages that ask the same at that moment."""


@dataclass(slots=True, kw_only=True)
class Common:
    """The machine, the builds, and the threads in which blocking work is done."""

    context: Context
    builds: Builds
    announcer: Announcer
    live: LiveKernels
    executor: ThreadPoolExecutor
    once: Once
    watch: Watch

    def close(self) -> None:
        """End the builds, because the server ends; blocks a few seconds at most."""
        self.builds.close()
        PORTS.disable()
        self.executor.shutdown(wait=False, cancel_futures=True)


def make_common(context: Context, loop: asyncio.AbstractEventLoop, emit: Emit) -> Common:
    """Return what the handlers of one server share.

    Parameters
    ----------
    loop
        The server's.
    emit
        See `Announcer`.
    """
    context = replace(context, connect=Connection(context))
    announcer = Announcer(loop, emit)
    once = Once(_FRESH)

    def ended(job: Job) -> None:
        loop.call_soon_threadsafe(once.forget)
        if job.admitted:
            announcer.changed("builds", "kernels", "images", "trust")

    builds = Builds(
        context,
        lambda request, on_event, cancel: containerize(context, request, on_event, cancel),
        on_change=announcer.build,
        on_end=ended,
    )
    PORTS.enable(lambda: announcer.changed("ports"))
    executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="devbox")
    watch = Watch(context, announcer)
    watch.start(loop, executor)
    return Common(
        context=context,
        builds=builds,
        announcer=announcer,
        live=LiveKernels(),
        executor=executor,
        once=once,
        watch=watch,
    )


class Connection:
    """Connects to the engine once, and anew after it was away."""

    def __init__(self, context: Context) -> None:
        self._connect = context.connect
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    def __call__(self) -> Engine:
        """Return an engine that answers; raises as `Context.connect` does."""
        with self._lock:
            if self._engine is not None:
                try:
                    self._engine.info()
                except EngineError:
                    self._engine.close()
                    self._engine = None
            if self._engine is None:
                self._engine = self._connect()
            return self._engine
