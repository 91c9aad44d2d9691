"""Says which ports are listened on in a box, and opens connections to them for the host.

Runs in the box and comes on an exec stream like `stream_launcher`, whose `Stream` it is: lines
tell of ports, and a channel to ``port/8501`` is a connection to that port.

Where the box shares a folder with the host, connections take a shorter way: the host listens on a
socket that the box may only read the folder of, this program dials it, and answers each request
for a port with a connected socket, passed over (SCM_RIGHTS, unix(7)). The bytes then need no
program in the box. A request is a number (u32) and a port (u16); an answer the number and 1 with
a socket, or 0.

The end of standard input is the end.
"""

from __future__ import annotations

import array
import fcntl
import json
import select
import socket
import struct
import time
from contextlib import suppress

from jupyter_devbox.run.frames import LINE
from jupyter_devbox.run.listening_ports import described, reached_at, sockets
from jupyter_devbox.run.stream_launcher import Stream

EVERY = 0.5
"""Seconds between two looks at what listens."""
_SHARE = 20  # a look takes a twentieth of the time at most, however long the tables are
_REQUEST = struct.Struct(">IH")
_ANSWER = struct.Struct(">I?")
_PATIENCE = 10.0
_MOST_DIALS = 256
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ, which Python has a name for since 3.10 only (fcntl(2))
_PIPE = 1 << 20  # so that a frame is one write; what any user may have (pipe(7), pipe-max-size)


class Ports(Stream):
    """The host's stream: what listens here, and connections to it."""

    HALVES = True

    def __init__(self) -> None:
        super().__init__("", [])
        self._seen: dict[str, tuple[str, int]] | None = None
        self._told = ""
        self._at: dict[int, str] = {}
        self._control: socket.socket | None = None
        self._asked = b""
        self._dialling: dict[int, tuple[int, socket.socket, float]] = {}
        self.events = select.epoll()

    # --- what listens ---------------------------------------------------------

    def look(self) -> None:
        """Tell the host what listens, if that is new."""
        found = sockets()
        if found == self._seen:
            return
        self._seen = found
        rows = described(found)
        self._at = {int(str(row["port"])): str(row["address"]) for row in rows}
        told = json.dumps(rows, separators=(",", ":"))
        if told != self._told:
            self._told = told
            self._mux.tell(LINE, told.encode())

    # --- connections on the stream --------------------------------------------

    def _dial(self, channel: int, address: bytes) -> None:
        """Connect a channel to a port that is listened on; to nothing else."""
        word, _, number = address.decode(errors="replace").partition("/")
        end = self._connecting(int(number)) if word == "port" and number.isdigit() else None
        if end is None:
            self._mux.close(channel)
            return
        self._ends[channel], self._pending[channel] = end, bytearray()

    def _connecting(self, port: int) -> socket.socket | None:
        """Return a socket that is about to be connected; None where nothing listens."""
        if port not in self._at:
            self.look()  # it may have begun this very moment
        address = self._at.get(port)
        if address is None:
            return None
        address = reached_at(address)
        end = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        end.setblocking(False)  # noqa: FBT003  # the standard library's signature
        try:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end.connect((address, port))
        except BlockingIOError:
            return end
        except OSError:
            end.close()
            return None
        return end

    # --- sockets that are passed over -----------------------------------------

    def hail(self, path: str, token: str) -> None:
        """Dial the host's socket and say who we are; it then asks for ports there."""
        end = socket.socket(socket.AF_UNIX)
        try:
            end.connect(path)
            end.sendall(token.encode())
        except OSError:  # the folder is not there any more: the host waits, and takes the stream
            end.close()
            return
        end.setblocking(False)  # noqa: FBT003  # the standard library's signature
        self._control = end
        self.events.register(end, select.EPOLLIN)

    def attend(self) -> None:
        """Take requests, and answer those whose socket is connected or will not be."""
        control = self._control
        if control is None:
            return
        for descriptor, _ in self.events.poll(0):
            if descriptor == control.fileno():
                self._listen(control)
            elif descriptor in self._dialling:
                number, end, _ = self._dialling[descriptor]
                failed = end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                self._settle(descriptor, number, end, connected=not failed)
        now = time.monotonic()
        for descriptor, (number, end, until) in list(self._dialling.items()):
            if now > until:
                self._settle(descriptor, number, end, connected=False)

    def _listen(self, control: socket.socket) -> None:
        try:
            said = control.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            self.host = False
            return
        self._asked += said
        while len(self._asked) >= _REQUEST.size:
            number, port = _REQUEST.unpack_from(self._asked)
            self._asked = self._asked[_REQUEST.size :]
            end = self._connecting(port) if len(self._dialling) < _MOST_DIALS else None
            if end is None:
                self._answer(number, None)
            else:
                self._dialling[end.fileno()] = (number, end, time.monotonic() + _PATIENCE)
                self.events.register(end, select.EPOLLOUT)

    def _settle(self, descriptor: int, number: int, end: socket.socket, *, connected: bool) -> None:
        del self._dialling[descriptor]
        self.events.unregister(descriptor)
        self._answer(number, end if connected else None)
        end.close()

    def _answer(self, number: int, end: socket.socket | None) -> None:
        control = self._control
        if control is None:
            return
        passed = [] if end is None else [end.fileno()]
        rights = (
            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", passed))] if passed else []
        )
        try:
            control.sendmsg([_ANSWER.pack(number, bool(passed))], rights)
        except OSError:  # the host reads nothing any more
            self.host = False


def main(arguments: list[str], place: str, token: str) -> int:
    """Serve the host until it lets go.

    Parameters
    ----------
    arguments
        ``once``: say what listens, and end; ``watch``: serve.
    place
        Path of the host's socket here; "" where there is none.
    """
    with suppress(OSError):  # no room for more pipes of this user's: it stays as it is
        fcntl.fcntl(1, _SET_PIPE_SIZE, _PIPE)
    ports = Ports()
    ports.look()
    if arguments[0] == "once":
        ports.flush()
        return 0
    if place:
        ports.hail(place, token)
    due = time.monotonic() + EVERY
    while ports.host:
        ports.turn(max(0, int(1000 * (due - time.monotonic())) + 1), ports.events.fileno())
        ports.attend()
        began = time.monotonic()
        if began >= due:
            ports.look()
            now = time.monotonic()
            due = now + max(EVERY, _SHARE * (now - began))
    return 0
