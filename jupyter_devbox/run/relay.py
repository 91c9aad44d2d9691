"""The host's end of a kernel's stream: sockets that clients dial, their bytes on one exec stream.

The sockets lie where the box's own would lie with a shared folder, so Jupyter's clients and the
provisioner see no difference. Two threads: whoever calls `read` takes in what the box says and
never waits for a client; the relay's own serves the clients and writes to the stream. Memory is
bounded by the credit of each channel (see `frames`).
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from jupyter_devbox.engine.base import ExecStream
from jupyter_devbox.errors import EngineError
from jupyter_devbox.run.arrivals import Arrivals
from jupyter_devbox.run.frames import (
    CLOSE,
    CREDIT,
    DATA,
    END,
    HELLO,
    LINE,
    LOG,
    OPEN,
    REQUESTS,
    SIGNAL,
    VERSION,
    FrameError,
    Multiplexer,
)
from jupyter_devbox.run.listening import CONNECTIONS
from jupyter_devbox.run.runtime_dir import write_private

BOUND = b"bound"
"""The launcher's line that says: the kernel listens on all its sockets."""

_PATIENCE = 1.0
_PAUSE = 0.05


class _Client:
    """A client's connection, and what has come for it from the box.

    One of a port's *halves* may end while the other goes on: the box has said all (`ending`, and
    once it has been told, `shut`), or the client has, which the multiplexer knows.
    """

    __slots__ = ("closing", "end", "ending", "halves", "pending", "shut", "watched")

    def __init__(self, end: socket.socket, *, halves: bool = False) -> None:
        self.end = end
        self.halves = halves
        self.pending = bytearray()
        self.closing = self.ending = self.shut = False
        self.watched = 0


class Relay:
    """Satisfies `kernel.Channel`: signals in, the launcher's lines out, and clients served.

    Parameters
    ----------
    stream
        To a `stream_launcher` that has been told what to run.
    sockets
        Addresses in the box and where on this machine clients dial them. They are bound when the
        kernel has bound its own, so whoever waits for these has waited for those.
    log
        Where the kernel's last output is written when it ends; None where none is wanted.
    listen
        Makes a socket that listens at a path.
    host
        Where this machine listens to what the box asks; None where it may not ask.
    """

    def __init__(
        self,
        stream: ExecStream,
        sockets: Mapping[str, Path],
        log: Path | None,
        listen: Callable[[Path], socket.socket],
        host: Path | None,
    ) -> None:
        self._stream = stream
        self._sockets = sockets
        self._log = log
        self._listen = listen
        self._host = host
        self._mux = Multiplexer(host=True)
        self._lock = threading.Lock()  # of the multiplexer and of what is pending
        self._clients: dict[int, _Client] = {}
        self._doors: dict[str, socket.socket] = {}
        self._arriving = Arrivals[str]()
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        for end in (self._wake, self._woken):
            end.setblocking(False)  # noqa: FBT003  # the standard library's signature
        self._greeted = self._bound = self._over = False
        self._thread = threading.Thread(target=self._serve, name="devbox-relay", daemon=True)
        self._thread.start()

    # --- what the kernel's process sees -------------------------------------

    def write(self, data: bytes) -> None:
        """Send signals, before anything that waits; never blocks."""
        with self._lock:
            if self._over:
                msg = "The kernel's launcher has ended"
                raise EngineError(msg)
            for number in data:
                self._mux.tell(SIGNAL, bytes([number]))
        self._nudge()

    def read(self) -> bytes:
        """Wait for and return lines of the launcher's; b"" at the end of the stream."""
        while not self._over:
            chunk = self._stream.read()
            if not chunk:
                break
            try:
                lines = self._take(chunk)
            except FrameError as error:
                self._stream.close()
                self._end()
                return f"broken {error}\n".encode()
            if lines:
                return lines
        self._end()
        return b""

    def attach(self, address: str, listener: socket.socket) -> None:
        """Take over a socket: who dials it gets a channel to an address in the box."""
        self._arriving.add(address, listener)
        self._nudge()

    def detach(self, address: str) -> None:
        """Listen for an address no longer; one that was never attached is no error."""
        self._arriving.add(address, None)
        self._nudge()

    def close(self) -> None:
        """Let go of the stream, which ends the kernel, and of all clients."""
        self._stream.close()
        self._end()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)

    def _end(self) -> None:
        self._over = True
        self._nudge()

    def _nudge(self) -> None:
        """Have the relay's thread look around."""
        try:
            self._wake.send(b"x")
        except OSError:
            return  # it is about to, or has ended

    # --- from the box -------------------------------------------------------

    def _take(self, chunk: bytes) -> bytes:
        """Sort what the box says; return the lines in it."""
        lines = b""
        waiting = False
        with self._lock:
            for kind, channel, payload in self._mux.receive(chunk):
                if not self._greeted and (kind, payload) != (HELLO, VERSION):
                    msg = "no greeting of the launcher's"
                    raise FrameError(msg)
                self._greeted = True
                client = self._clients.get(channel)
                if kind == DATA and client:
                    waiting |= not self._pass_on(channel, client, payload)
                elif kind == CREDIT:  # who had no room is not looked at until the thread is told
                    waiting |= client is not None and not client.watched & selectors.EVENT_READ
                else:
                    waiting = True
                    lines += self._heed(kind, channel, client, payload)
            waiting |= not self._mux.silent
        if waiting:
            self._nudge()
        return lines

    def _heed(self, kind: bytes, channel: int, client: _Client | None, payload: bytes) -> bytes:
        """Do what the box says, and return its line if it is one; lock held."""
        if kind == CLOSE and client:
            client.closing = True
        elif kind == END and client:
            client.ending = True
        elif kind == OPEN:
            self._ask(channel, payload)
        elif kind == LOG and self._log is not None:
            write_private(self._log, payload)
        elif kind == LINE:
            self._bound = self._bound or payload == BOUND
            return payload.replace(b"\n", b" ") + b"\n"
        return b""

    def _pass_on(self, channel: int, client: _Client, payload: bytes) -> bool:
        """Give a client what has come, at once if it takes it; return whether it did. Lock held.

        It need not wake the relay's thread then, which costs more than the call itself.
        """
        count = 0
        if not client.pending:
            with suppress(OSError):  # it takes no more now, or is gone: the thread sees to it
                count = client.end.send(payload)
            self._mux.consumed(channel, count)
        client.pending += memoryview(payload)[count:]
        return not client.pending

    def _ask(self, channel: int, address: bytes) -> None:
        """Connect a channel of the box's to the host's socket, whose rules then hold; lock held."""
        asking = sum(number % 2 == 0 for number in self._clients)
        end = socket.socket(socket.AF_UNIX)
        end.setblocking(False)  # noqa: FBT003  # the standard library's signature
        try:
            if self._host is None or address != REQUESTS or asking >= CONNECTIONS:
                raise ConnectionRefusedError
            end.connect(str(self._host))
        except OSError:  # nobody listens there, or there are too many: it hears that we hung up
            end.close()
            self._mux.close(channel)
            return
        self._clients[channel] = _Client(end)

    # --- the clients, in a thread of their own ------------------------------

    def _serve(self) -> None:
        """Serve clients until the stream ends, then give them what is left."""
        listeners: list[socket.socket] = []
        self._selector.register(self._woken, selectors.EVENT_READ)
        try:
            while not self._over:
                if self._bound and not listeners:
                    listeners = [self._open(*each) for each in self._sockets.items()]
                self._admit()
                self._watch()  # which may close channels, so the other side is told next
                self._send()
                for key, happened in self._selector.select():
                    if key.data is None:
                        self._rouse()
                    elif isinstance(key.data, int):
                        self._attend(key.data, happened)
                    else:
                        self._accept(*key.data)
        except (EngineError, OSError):
            self._stream.close()  # whoever reads sees the end
        finally:
            self._arriving.close()
            for listener in (*listeners, *self._doors.values()):
                listener.close()
            self._part()

    def _open(self, address: str, path: Path) -> socket.socket:
        listener = self._listen(path)
        listener.setblocking(False)  # noqa: FBT003
        self._selector.register(listener, selectors.EVENT_READ, (listener, address))
        return listener

    def _admit(self) -> None:
        """Begin to listen where we were told to since, or cease."""
        for address, listener in self._arriving.take():
            known = self._doors.pop(address, None)
            if known is not None:
                self._selector.unregister(known)
                known.close()
            if listener is not None:
                listener.setblocking(False)  # noqa: FBT003
                self._doors[address] = listener
                self._selector.register(listener, selectors.EVENT_READ, (listener, address))

    def _rouse(self) -> None:
        """Empty the socket that woke this thread."""
        try:
            self._woken.recv(4096)
        except BlockingIOError:
            return

    def _send(self) -> None:
        """Write what is queued to the stream; waits while the box does not read."""
        while True:
            with self._lock:
                frame = self._mux.take()
            if not frame:
                return
            self._stream.write(frame)

    def _watch(self) -> None:
        """Look out for what each client can do now."""
        with self._lock:
            for channel, client in list(self._clients.items()):
                if not client.pending and self._has_parted(channel, client):
                    self._drop(channel)
                    continue
                wanted = selectors.EVENT_WRITE if client.pending else 0
                if self._mux.room(channel) and not client.closing:
                    wanted |= selectors.EVENT_READ
                if wanted == client.watched:
                    continue
                if not client.watched:
                    self._selector.register(client.end, wanted, channel)
                elif not wanted:
                    self._selector.unregister(client.end)
                else:
                    self._selector.modify(client.end, wanted, channel)
                client.watched = wanted

    def _has_parted(self, channel: int, client: _Client) -> bool:
        """Tell whether a client that has all that came needs its channel no more; lock held."""
        if client.ending and not client.shut:
            client.shut = True
            with suppress(OSError):  # it is gone: its own end is the next that is seen
                client.end.shutdown(socket.SHUT_WR)
        return client.closing or (client.shut and self._mux.has_ended(channel))

    def _accept(self, listener: socket.socket, address: str) -> None:
        """Open a channel for a client; more clients than channels are sent away."""
        try:
            end, _ = listener.accept()
        except BlockingIOError:
            return
        except OSError:
            time.sleep(_PAUSE)  # out of file descriptors: let others close some
            return
        end.setblocking(False)  # noqa: FBT003
        with self._lock:
            channel = self._mux.open(address)
            if channel:
                self._clients[channel] = _Client(end, halves=address in self._doors)
        if not channel:
            end.close()

    def _attend(self, channel: int, happened: int) -> None:
        """Read from a client, write to it, or see that it is gone."""
        with self._lock:
            client = self._clients.get(channel)
            if client is None:
                return
            try:
                if happened & selectors.EVENT_WRITE:
                    count = client.end.send(client.pending)
                    del client.pending[:count]
                    self._mux.consumed(channel, count)
                if happened & selectors.EVENT_READ:
                    data = client.end.recv(self._mux.room(channel))
                    if data:
                        self._mux.send(channel, data)
                    elif client.halves and not client.shut:
                        self._mux.end(channel)
                    else:
                        self._drop(channel)
            except BlockingIOError:
                return
            except OSError:
                self._drop(channel)

    def _drop(self, channel: int) -> None:
        """Let go of a client and close its channel; the lock is held."""
        client = self._clients.pop(channel)
        if client.watched:
            self._selector.unregister(client.end)
        client.end.close()
        self._mux.close(channel)

    def _part(self) -> None:
        """Give the clients what came for them before the end, and hang up."""
        deadline = time.monotonic() + _PATIENCE
        for client in self._clients.values():
            client.end.settimeout(max(0.0, deadline - time.monotonic()))
            try:
                client.end.sendall(client.pending)
            except OSError:  # it does not read
                continue
            finally:
                client.end.close()
        self._clients.clear()
        self._selector.close()
        self._wake.close()
        self._woken.close()
