"""Carries connections into a box by sockets that the box passes over, already connected.

The box has a program of ours (`port_program`) that dials a socket of the host's and hands over,
for each request, a socket of its own that is connected to a port of the box (SCM_RIGHTS,
unix(7)). Between a client here and that socket this process alone moves bytes: one hop, where a
program in the box would make it two.

What is handed over is the box's word. It is used only if it is a TCP socket; nothing is written
to a file or to a socket of another kind. A box keeps its copy, and with it the flags that both
share, so no call relies on them: each says itself that it must not wait.
"""

from __future__ import annotations

import array
import hmac
import os
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from jupyter_devbox.errors import TransportError
from jupyter_devbox.run.arrivals import Arrivals

BUFFER = 1 << 18
"""Bytes moved at once."""
MOST_CONNECTIONS = 512
"""Of one box at a time; more clients than that are sent away."""

_REQUEST = struct.Struct(">IH")
_ANSWER = struct.Struct(">I?")
_ROUNDS = 8  # of one connection until others have their turn
_HELLO_SECONDS = 10.0
_PAUSE = 0.05
# Not on every system where this module is imported.
_NOW = getattr(socket, "MSG_DONTWAIT", 0)
_CLOEXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


class _End:
    """One end of a connection: a socket, and what waits to be written to it."""

    __slots__ = ("done", "peer", "pending", "socket", "watched")

    def __init__(self, end: socket.socket) -> None:
        self.socket = end
        self.peer = self
        self.pending = memoryview(b"")
        self.done = False
        self.watched = 0


class Passage:
    """Listens here, has the box connect, and moves the bytes; one thread a box.

    Parameters
    ----------
    control
        To the program in the box; see `greeted`.
    on_end
        Called from the thread when it ends, for a box that breaks the rules too.
    """

    def __init__(self, control: socket.socket, on_end: Callable[[], None] = lambda: None) -> None:
        self._control = control
        self._on_end = on_end
        self._arriving = Arrivals[int]()
        self._doors: dict[int, socket.socket] = {}
        self._waiting: dict[int, socket.socket] = {}
        self._ends: set[_End] = set()
        self._number = 0
        self._over = False
        self._buffer = memoryview(bytearray(BUFFER))
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        for end in (self._wake, self._woken):
            end.setblocking(False)  # noqa: FBT003  # the standard library's signature
        self._thread = threading.Thread(target=self._serve, name="devbox-ports", daemon=True)
        self._thread.start()

    def attach(self, port: int, listener: socket.socket) -> None:
        """Take over a socket that listens: who dials it is connected to that port of the box."""
        self._tell(port, listener)

    def detach(self, port: int) -> None:
        """Listen for a port no longer; connections that are open stay."""
        self._tell(port, None)

    def close(self) -> None:
        """Let go of all sockets; blocks a moment."""
        self._over = True
        self._nudge()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)

    def _tell(self, port: int, listener: socket.socket | None) -> None:
        self._arriving.add(port, listener)
        self._nudge()

    def _nudge(self) -> None:
        with suppress(OSError):  # it is about to look around, or has ended
            self._wake.send(b"x")

    # --- all below runs in the thread ------------------------------------------

    def _serve(self) -> None:
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._selector.register(self._control, selectors.EVENT_READ)
        try:
            while not self._over:
                self._admit()
                for key, happened in self._selector.select():
                    if isinstance(key.data, _End):
                        self._attend(key.data, happened)
                    elif isinstance(key.data, int):
                        self._accept(key.data)
                    elif key.fileobj is self._control:
                        self._take()
                    else:
                        self._woken.recv(4096)
        except OSError:  # the program in the box has ended, or breaks the rules
            self._over = True
        finally:
            self._arriving.close()
            for one in (*self._doors.values(), *self._waiting.values()):
                one.close()
            for end in self._ends:
                end.socket.close()
            for one in (self._control, self._wake, self._woken):
                one.close()
            self._selector.close()
            self._on_end()

    def _admit(self) -> None:
        for port, listener in self._arriving.take():
            known = self._doors.pop(port, None)
            if known is not None:
                self._selector.unregister(known)
                known.close()
            if listener is not None:
                listener.setblocking(False)  # noqa: FBT003
                self._doors[port] = listener
                self._selector.register(listener, selectors.EVENT_READ, port)

    def _accept(self, port: int) -> None:
        """Ask the box for a connection to a port, for a client that has come."""
        if port not in self._doors:
            return
        try:
            client, _ = self._doors[port].accept()
        except BlockingIOError:
            return
        except OSError:
            time.sleep(_PAUSE)  # out of file descriptors: let others close some
            return
        if len(self._ends) // 2 + len(self._waiting) >= MOST_CONNECTIONS:
            client.close()
            return
        self._number = (self._number + 1) % (1 << 32)
        self._waiting[self._number] = client  # closed at the end, which may be this very request's
        try:
            self._control.send(_REQUEST.pack(self._number, port), _NOW)
        except BlockingIOError:  # the box does not take its requests
            self._waiting.pop(self._number).close()

    def _take(self) -> None:
        """Take an answer of the box's, with the socket that comes with it."""
        try:
            said, rights, _, _ = self._control.recvmsg(
                _ANSWER.size, socket.CMSG_SPACE(array.array("i").itemsize), _NOW | _CLOEXEC
            )
        except BlockingIOError:
            return
        passed = _sockets(rights)
        if len(said) != _ANSWER.size:
            for each in passed:
                each.close()
            message = "the box does not keep to the protocol"
            raise OSError(message)
        number, _ = _ANSWER.unpack(said)
        client = self._waiting.pop(number, None)
        if client is None or len(passed) != 1:
            for each in (*passed, *([client] if client else [])):
                each.close()
            return
        self._join(client, passed[0])

    def _join(self, client: socket.socket, box: socket.socket) -> None:
        here, there = _End(client), _End(box)
        here.peer, there.peer = there, here
        for end in (here, there):
            self._ends.add(end)
            with suppress(OSError):  # a client that has gone: reading from it says so
                end.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._watch(end)

    def _attend(self, end: _End, happened: int) -> None:
        if end not in self._ends:
            return  # its connection was dropped this very turn
        try:
            if happened & selectors.EVENT_WRITE:
                self._flush(end)
            if happened & selectors.EVENT_READ and not end.done:
                self._pump(end)
        except BlockingIOError:
            pass
        except OSError:
            self._drop(end)
            return
        if end.done and end.peer.done and not end.pending and not end.peer.pending:
            self._drop(end)
            return
        self._watch(end)
        self._watch(end.peer)

    def _pump(self, end: _End) -> None:
        """Move what has come at one end to the other; what that does not take waits there."""
        peer, buffer = end.peer, self._buffer
        for _ in range(_ROUNDS):
            if peer.pending:
                return
            count = end.socket.recv_into(buffer, 0, _NOW)
            if not count:
                end.done = True
                peer.socket.shutdown(socket.SHUT_WR)
                return
            try:
                sent = peer.socket.send(buffer[:count], _NOW)
            except BlockingIOError:
                sent = 0
            if sent < count:
                peer.pending = memoryview(bytes(buffer[sent:count]))

    def _flush(self, end: _End) -> None:
        end.pending = end.pending[end.socket.send(end.pending, _NOW) :]
        if not end.pending and end.peer.done:
            end.socket.shutdown(socket.SHUT_WR)

    def _watch(self, end: _End) -> None:
        wanted = selectors.EVENT_WRITE if end.pending else 0
        if not end.done and not end.peer.pending:
            wanted |= selectors.EVENT_READ
        if wanted == end.watched:
            return
        if not end.watched:
            self._selector.register(end.socket, wanted, end)
        elif not wanted:
            self._selector.unregister(end.socket)
        else:
            self._selector.modify(end.socket, wanted, end)
        end.watched = wanted

    def _drop(self, end: _End) -> None:
        for each in (end, end.peer):
            self._ends.discard(each)
            if each.watched:
                self._selector.unregister(each.socket)
            each.socket.close()


def greeted(listener: socket.socket, token: str) -> socket.socket:
    """Wait for the program in the box to dial a socket, and return the connection.

    Parameters
    ----------
    token
        What it says first; others in the box may dial too, and are hung up on.

    Raises
    ------
    TransportError
        It did not come within ten seconds.
    """
    until = time.monotonic() + _HELLO_SECONDS
    while (left := until - time.monotonic()) > 0:
        listener.settimeout(left)
        try:
            end, _ = listener.accept()
        except OSError:  # a TimeoutError is one too
            break
        end.settimeout(1)
        with suppress(OSError):
            if hmac.compare_digest(end.recv(len(token)), token.encode()):
                return end
        end.close()
    msg = "The box did not dial the host's socket"
    raise TransportError(msg, hint="jupyter devbox doctor")


def _sockets(rights: list[tuple[int, int, bytes]]) -> list[socket.socket]:
    """Return what was passed over as far as it is TCP; close everything else."""
    found = []
    for level, kind, data in rights:
        if (level, kind) != (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            continue
        numbers = array.array("i")
        numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
        found += [end for number in numbers if (end := _tcp(number)) is not None]
    return found


def _tcp(descriptor: int) -> socket.socket | None:
    """Return a descriptor as a TCP socket; close it and return None if it is anything else."""
    try:
        end = socket.socket(fileno=descriptor)
    except OSError:
        os.close(descriptor)
        return None
    tcp = end.family in {socket.AF_INET, socket.AF_INET6} and end.proto == socket.IPPROTO_TCP
    if not tcp or end.type != socket.SOCK_STREAM:
        end.close()
        return None
    with suppress(OSError):  # else closing it could wait as long as the box likes
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
    return end
