"""Listening sockets on their way to the thread that serves them; none is left open at its end."""

from __future__ import annotations

import socket
import threading
from typing import Generic, TypeVar

Key = TypeVar("Key")


class Arrivals(Generic[Key]):
    """What other threads bring for one that serves: a listener for a key, or None to let go of it.

    What comes after the end is closed at once: else it would listen, and nobody answer.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[Key, socket.socket | None]] = []
        self._over = False

    def add(self, key: Key, listener: socket.socket | None) -> None:
        """Bring one; it is not the caller's any more."""
        with self._lock:
            if not self._over:
                self._waiting.append((key, listener))
            elif listener is not None:
                listener.close()

    def take(self) -> list[tuple[Key, socket.socket | None]]:
        """Return what has come since."""
        with self._lock:
            taken, self._waiting = self._waiting, []
        return taken

    def close(self) -> None:
        """Close what nobody has taken, and all that is still to come."""
        with self._lock:
            self._over = True
        for _, listener in self.take():
            if listener is not None:
                listener.close()
