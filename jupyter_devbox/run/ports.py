"""The ports of all boxes that this process has kernels in.

Nothing is forwarded until somebody asks for it by `enable`: a server or a shim does, a notebook
that is run to its end has nobody who would look.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import DevboxError
from jupyter_devbox.run.forwarding import ForwardedPort, Forwarding, Way
from jupyter_devbox.run.joined import remote_user
from jupyter_devbox.run.runtime_dir import RuntimeDir
from jupyter_devbox.run.transport import proven
from jupyter_devbox.spec.box import LABEL_KIND, BoxSpec
from jupyter_devbox.spec.container import ContainerInfo

AFTER = 1.0
"""Seconds after a kernel's start until its box is looked at: the start comes first."""
_AGAIN = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds until another try where the program in the box was killed, or could not start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxPorts:
    """The ports of one box, by number; `spec` is what the box was made from."""

    container: str
    spec: BoxSpec
    ports: tuple[ForwardedPort, ...]


class _Watched:
    """One box, looked at for as long as a kernel holds it or a program of its user listens."""

    def __init__(
        self,
        engine: Engine,
        container: str,
        runtime: RuntimeDir,
        spec: BoxSpec,
        on_change: Callable[[], None],
    ) -> None:
        self.engine, self.container, self.runtime, self.spec = engine, container, runtime, spec
        self.kernels = 0
        self._on_change = on_change
        self._stop = threading.Event()
        self._forwarding: Forwarding | None = None
        self._thread: threading.Thread | None = None

    @property
    def ports(self) -> tuple[ForwardedPort, ...]:
        forwarding = self._forwarding
        return forwarding.ports if forwarding is not None else ()

    def start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="devbox-watch", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if (forwarding := self._forwarding) is not None:
            forwarding.close()

    def unused(self) -> bool:
        """Tell whether neither a kernel nor a port that is forwarded needs this."""
        return not self.kernels and not any(port.local for port in self.ports)

    def _run(self) -> None:
        pause, tries = AFTER, 0
        while not self._stop.wait(pause):
            try:
                state = self.engine.container(self.container)
                if state is None or state.status not in {"running", "paused"}:
                    return
                self._forward(box_way(state, self.runtime))
            except (DevboxError, OSError):  # the engine is away, or the box is: it is asked again
                pass
            pause = _AGAIN[min(tries, len(_AGAIN) - 1)]
            tries += 1

    def _forward(self, way: Way) -> None:
        forwarding = Forwarding(self.engine, way, on_change=self._on_change)
        self._forwarding = forwarding
        if self._stop.is_set():
            forwarding.close()
        forwarding.serve()


class Ports:
    """The boxes of this process: held by its kernels, shown by whoever has enabled it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._boxes: dict[str, _Watched] = {}
        self._enabled = False
        self._on_change: Callable[[], None] = lambda: None

    def enable(self, on_change: Callable[[], None] = lambda: None) -> None:
        """Forward from now on, and tell of changes, from any thread."""
        with self._lock:
            self._enabled, self._on_change = True, on_change
            for box in self._boxes.values():
                box.start()

    def disable(self) -> None:
        """Close all listeners; kernels that are held are remembered."""
        with self._lock:
            self._enabled, self._on_change = False, lambda: None
            boxes = tuple(self._boxes.values())
            self._boxes = {}
            for box in boxes:
                if box.kernels:
                    self._boxes[box.container] = self._made(box, box.kernels)
        for box in boxes:
            box.stop()

    def hold(self, engine: Engine, container: str, runtime: RuntimeDir, spec: BoxSpec) -> None:
        """Look after a box's ports, once however many kernels are in it."""
        with self._lock:
            box = self._boxes.get(container)
            if box is None:
                box = _Watched(engine, container, runtime, spec, self._changed)
                self._boxes[container] = box
            box.kernels += 1
            if self._enabled:
                box.start()

    def release(self, container: str) -> None:
        """Let go of a box; its ports stay while programs in it listen."""
        with self._lock:
            box = self._boxes.get(container)
            if box is not None:
                box.kernels = max(0, box.kernels - 1)
        self._sweep()

    def all(self) -> tuple[BoxPorts, ...]:
        """Return the boxes with their ports, in no particular order."""
        with self._lock:
            boxes = tuple(self._boxes.values())
        return tuple(BoxPorts(container=b.container, spec=b.spec, ports=b.ports) for b in boxes)

    def local(self, container: str, port: int) -> int:
        """Return the number on this machine of a port of a box; 0 while it has none."""
        with self._lock:
            box = self._boxes.get(container)
        ports = box.ports if box is not None else ()
        return next((each.local for each in ports if each.found.port == port), 0)

    def _changed(self) -> None:
        self._on_change()
        self._sweep()

    def _sweep(self) -> None:
        """Stop looking at boxes that nobody needs any more."""
        with self._lock:
            unused = [box for box in self._boxes.values() if box.unused()]
            for box in unused:
                del self._boxes[box.container]
        for box in unused:
            # In a thread: this may be called from the box's own.
            threading.Thread(target=box.stop, name="devbox-unwatch", daemon=True).start()

    def _made(self, box: _Watched, kernels: int) -> _Watched:
        made = _Watched(box.engine, box.container, box.runtime, box.spec, self._changed)
        made.kernels = kernels
        return made


PORTS = Ports()
"""This process's."""


def box_way(container: ContainerInfo, runtime: RuntimeDir) -> Way:
    """Return how a running box is reached: one that another client made by a stream alone."""
    ours = LABEL_KIND in container.labels
    return Way(
        container=container.id,
        runtime=runtime,
        shared=ours and proven(runtime, container.id) == "mount",
        user="" if ours else remote_user(container) or "",
    )
