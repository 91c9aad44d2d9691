"""The socket on which the host listens to one box: the box dials, asks one thing, and hangs up.

It lies in the folder that the box may only read, so nothing in the box can put a link or another
socket in its place. A box may say anything: a request has 64 KiB and five seconds, a box has eight
connections and ten requests a second (DESIGN §4).
"""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from filelock import FileLock, Timeout

from jupyter_devbox.run.runtime_dir import RuntimeDir, give
from jupyter_devbox.spec.asking import LONGEST, Reply

HOST_SOCKET = "host"
CONNECTIONS = 8
REQUESTS = 10
_PERIOD = 1.0
_PATIENCE = 5.0
_LOOK = 0.25

Answer = Callable[[bytes], Reply]
_BUSY = Reply(state="failed", message="The box asks too much at once", hint="try again in a moment")


class Listener:
    """Answers one box's requests, unless another process of this user does already.

    Parameters
    ----------
    runtime
        The box's folder.
    answer
        Called in a thread for each request, with its line; must not raise.
    """

    def __init__(self, runtime: RuntimeDir, answer: Answer) -> None:
        self._runtime = runtime
        self._answer = answer
        self._stop = threading.Event()
        self._free = threading.BoundedSemaphore(CONNECTIONS)
        self._recent: deque[float] = deque(maxlen=REQUESTS)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve, name="devbox-listener", daemon=True)

    def start(self) -> None:
        """Listen from now on; where another process listens, as soon as that one has ended."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; a request that is being answered still gets its answer."""
        self._stop.set()
        self._thread.join(5)

    def _serve(self) -> None:
        lock = FileLock(self._runtime.path / "host.lock")
        while not self._stop.is_set():
            try:
                with lock.acquire(timeout=_LOOK):
                    self._listen()
            except Timeout:  # noqa: PERF203  # one turn takes a quarter of a second
                continue
            except OSError:  # the folder was removed: the box is gone
                return

    def _listen(self) -> None:
        path = self._runtime.shared / HOST_SOCKET
        path.unlink(missing_ok=True)  # of a process that was killed
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            try:
                path.chmod(0o600)
                give(path, self._runtime.uid, self._runtime.gid)
                listener.listen(CONNECTIONS)
                listener.settimeout(_LOOK)
                while not self._stop.is_set():
                    with suppress(TimeoutError):
                        self._greet(listener.accept()[0])
            finally:
                path.unlink(missing_ok=True)

    def _greet(self, caller: socket.socket) -> None:
        """Give a caller a thread of its own, or hang up if there are too many."""
        if not self._free.acquire(blocking=False):
            caller.close()
            return
        threading.Thread(target=self._attend, args=(caller,), daemon=True).start()

    def _attend(self, caller: socket.socket) -> None:
        try:
            with caller, suppress(OSError):  # the caller hung up, or was too slow
                line = _receive(caller)
                if line:
                    reply = self._answer(line) if self._allowed() else _BUSY
                    caller.settimeout(_PATIENCE)
                    caller.sendall(reply.to_line())
        finally:
            self._free.release()

    def _allowed(self) -> bool:
        """Count a request, and tell whether it is not one too many."""
        with self._lock:
            now = time.monotonic()
            full = len(self._recent) == REQUESTS
            if full and now - self._recent[0] < _PERIOD:
                return False
            self._recent.append(now)
            return True


def _receive(caller: socket.socket) -> bytes:
    """Return one line without its end; at most one byte more than is allowed; b"" if none came."""
    deadline = time.monotonic() + _PATIENCE
    line = b""
    while b"\n" not in line and len(line) <= LONGEST:
        left = deadline - time.monotonic()
        if left <= 0:
            return b""
        caller.settimeout(left)
        chunk = caller.recv(min(LONGEST + 1 - len(line), 16 * 1024))
        if not chunk:
            return b""
        line += chunk
    return line.partition(b"\n")[0]


class Listeners:
    """The listeners of this process: one a runtime folder, as long as a kernel of ours uses it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, tuple[Listener, int]] = {}

    def hold(self, runtime: RuntimeDir, answer: Answer) -> None:
        """Listen to a box, once however many kernels use it."""
        key = str(runtime.path)
        with self._lock:
            listener, count = self._held.get(key) or (Listener(runtime, answer), 0)
            if not count:
                listener.start()
            self._held[key] = (listener, count + 1)

    def release(self, runtime: RuntimeDir) -> None:
        """Stop listening once the last kernel has let go; one that was not held is no error."""
        key = str(runtime.path)
        with self._lock:
            listener, count = self._held.pop(key, (None, 0))
            if listener is not None and count > 1:
                self._held[key] = (listener, count - 1)
                return
        if listener is not None:
            listener.stop()
