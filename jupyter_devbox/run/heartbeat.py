"""Shows boxes that this process lives: a file for each kernel, changed every few seconds.

The end of a kernel's stream is what usually ends it with its server. Where that end does not come
through, its launcher counts its own ticks since the file last changed (`launcher.Beat`).
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from jupyter_devbox.engine.alive import Hold, is_abandoned
from jupyter_devbox.run.runtime_dir import RuntimeDir, give

ENDING = ".beat"

_SECONDS = 5.0
"""A launcher waits for 90: one beat in eighteen is enough."""


class Heartbeat:
    """All beats of one process, kept by one thread that ends with the last of them."""

    def __init__(self) -> None:
        self._holds: dict[Path, Hold] = {}
        self._count = 0
        self._guard = threading.Lock()
        self._stop = threading.Event()

    def join(self, runtime: RuntimeDir, name: str) -> None:
        """Begin to beat for a kernel, from this very moment."""
        path = runtime.shared / f"{name}{ENDING}"
        with self._guard:
            self._release(path)
            self._holds[path] = Hold(path, self._content())
            give(path, runtime.uid, runtime.gid)
            if len(self._holds) == 1:
                self._stop = threading.Event()
                threading.Thread(
                    target=self._run, args=(self._stop,), name="devbox-heartbeat", daemon=True
                ).start()

    def leave(self, runtime: RuntimeDir, name: str) -> None:
        """Stop beating for a kernel; one that never did is no error."""
        with self._guard:
            self._release(runtime.shared / f"{name}{ENDING}")

    def _release(self, path: Path) -> None:
        hold = self._holds.pop(path, None)
        if hold is not None:
            hold.release()
            if not self._holds:
                self._stop.set()

    def _content(self) -> bytes:
        return f"{self._count:020d}\n".encode()

    def _run(self, stop: threading.Event) -> None:
        while not stop.wait(_SECONDS):
            with self._guard:
                self._count += 1
                for hold in self._holds.values():
                    # A full disk has room for what replaces as much; else the lock speaks for us.
                    with suppress(OSError):
                        hold.write(self._content())


HEART = Heartbeat()
"""This process's."""


def dead_kernels(runtime: RuntimeDir) -> tuple[str, ...]:
    """Return the names of kernels whose process ended without cleaning up."""
    beats = sorted(runtime.shared.glob(f"*{ENDING}"))
    return tuple(beat.name.removesuffix(ENDING) for beat in beats if is_abandoned(beat))
