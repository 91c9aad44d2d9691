"""A kernel in a box as this side sees it: a channel to its launcher, and when and why it ended."""

from __future__ import annotations

import re
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from jupyter_devbox.errors import EngineError

_LOST = -9  # as if killed; Windows, which only imports this, has no signal.SIGKILL
_POLL = 0.003
_NAME = re.compile(r"(?!\.{1,2}$)[^/\x00-\x1f\x7f]{1,255}")
_LONGEST = 1000  # of a line: the box may say what it likes, not as much as it likes


class Channel(Protocol):
    """Both directions to a launcher: an exec stream or a socket."""

    def write(self, data: bytes) -> None:
        """Send signals."""

    def read(self) -> bytes:
        """Wait for what the launcher says; b"" at the end."""

    def close(self) -> None:
        """Let go: the launcher ends its kernel."""


class KernelProcess:
    """One kernel. A thread reads the launcher's lines, so `exit_code` never waits for anything.

    Parameters
    ----------
    channel
        To the launcher; closed when the kernel has ended.
    on_end
        Called from the reading thread, once, after the end is known.
    """

    def __init__(
        self, channel: Channel, on_end: Callable[[KernelProcess], None] = lambda _: None
    ) -> None:
        self.pid: int | None = None
        self.pid_started = ""
        self.error = ""
        self.broken = ""
        self.out_of_memory = False
        self.unheard = False
        self.lost = False
        self.core = ""
        self.asked_to_end = False
        self._exit_code: int | None = None
        self._ended = threading.Event()
        self._channel = channel
        self._on_end = on_end
        self._thread = threading.Thread(target=self._listen, name="devbox-kernel", daemon=True)
        self._thread.start()

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._exit_code

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait for the end and return the exit code; None if it still runs then."""
        self._ended.wait(seconds)
        return self._exit_code

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel and its children; an ended kernel is no error."""
        if self._exit_code is not None or number == 0:
            return
        try:
            self._channel.write(bytes([number]))
        except EngineError:
            return  # it has ended; the reading thread is about to see it

    def terminate(self) -> None:
        """Ask it to end."""
        self.asked_to_end = True
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it, its children too."""
        self.asked_to_end = True
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Let go of the launcher, which ends the kernel if it still runs."""
        self.asked_to_end = True
        self._channel.close()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)

    def _listen(self) -> None:
        """Read lines until the channel ends."""
        pending = b""
        while chunk := self._read():
            *lines, pending = (pending[-_LONGEST:] + chunk).split(b"\n")
            for line in lines:
                self._take(line[:_LONGEST].decode(errors="replace"))
        if self._exit_code is None:
            self.lost = not self.error
            self._exit_code = _LOST if self.lost else 126
        self._ended.set()
        self._channel.close()
        self._on_end(self)

    def _read(self) -> bytes:
        """Return the next chunk; b"" when the channel is lost, whatever the cause."""
        try:
            return self._channel.read()
        except EngineError:
            return b""

    def _take(self, line: str) -> None:
        """Understand one line of the launcher's; others are dropped."""
        word, _, rest = line.partition(" ")
        numbers = [int(part) for part in rest.split() if part.lstrip("-").isdecimal()]
        if word == "pid" and numbers:
            self.pid = numbers[0]
            self.pid_started = str(numbers[-1]) if len(numbers) > 1 else ""
        elif word == "silent":
            self.unheard = True
        elif word == "error":
            self.error = rest
        elif word == "broken":
            self.broken = rest
        elif word == "core" and _NAME.fullmatch(rest):
            self.core = rest
        elif word == "exit" and numbers:
            killed = numbers[0] == _LOST and not self.asked_to_end
            self.out_of_memory = killed and numbers[-1] > 0 and len(numbers) > 1
            self._exit_code = numbers[0]


def await_sockets(process: KernelProcess, sockets: Iterable[Path], seconds: float) -> bool:
    """Wait until the kernel has bound all its sockets; False if it ended or took too long.

    A client that connects before would be put off for ZeroMQ's 100 ms.
    """
    waiting = list(sockets)
    deadline = time.monotonic() + seconds
    while process.exit_code is None and time.monotonic() < deadline:
        while waiting and _is_socket(waiting[-1]):
            waiting.pop()
        if not waiting:
            return True
        time.sleep(_POLL)
    return False


def _is_socket(path: Path) -> bool:
    """Tell whether a socket, not a link to one, is there: the folder is the box's to write."""
    try:
        return stat.S_ISSOCK(path.lstat().st_mode)
    except OSError:
        return False
