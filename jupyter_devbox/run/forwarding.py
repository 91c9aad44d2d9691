"""The ports of one box on this machine: a listener on loopback for each port that is found.

The wanted number is taken if it is free here, else another, so that two boxes with the same port
have different addresses. A listener closes when nothing listens in the box any more.
"""

from __future__ import annotations

import json
import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jupyter_devbox.engine.alive import Hold, is_abandoned
from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import TransportError
from jupyter_devbox.run import listening_ports, port_program
from jupyter_devbox.run.passing import Passage, greeted
from jupyter_devbox.run.relay import Relay
from jupyter_devbox.run.runtime_dir import SHARED_IN_BOX, RuntimeDir
from jupyter_devbox.run.stream import begin
from jupyter_devbox.spec.ports import ListeningPort, told_ports

LOOPBACK = "127.0.0.1"
MOST_FORWARDED = 64
"""Listeners that one box may have here."""

_PRIVILEGED = 1024
_RECORD = "ports-"
_RECORD_BYTES = 2048  # more than `MOST_FORWARDED` pairs; a record is replaced in place
_LONGEST_LINE = 1 << 17
_MOST_LINES = 50
"""A second, until the box is let go of: its program looks twice a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a box is reached.

    Parameters
    ----------
    container
        Its id.
    runtime
        Its folder on this machine.
    shared
        Whether it sees that folder; else all goes over the exec stream.
    user
        Who our program runs as; "" for the container's own user.
    """

    container: str
    runtime: RuntimeDir
    shared: bool
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardedPort:
    """A port of a box; `local` is its number on this machine's loopback, 0 where it has none."""

    found: ListeningPort
    local: int = 0


class Forwarding:
    """Finds and forwards the ports of one box until it is closed or the box ends.

    A port of which no process of the box's user is known is not forwarded unasked: it is another
    user's, or a database's beside the box, which has no password because only the box reaches it.

    Parameters
    ----------
    asked
        Ports that are forwarded whoever has them.
    only
        Whether no others are.
    on_change
        Called from a thread when `ports` is no longer as it was.
    """

    def __init__(
        self,
        engine: Engine,
        way: Way,
        *,
        asked: frozenset[int] = frozenset(),
        only: bool = False,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._asked = asked
        self._only = only
        self._on_change = on_change
        self._lock = threading.Lock()
        self._ports: tuple[ForwardedPort, ...] = ()
        self._doors: dict[int, int] = {}
        self._passage: Passage | None = None
        self._record: Hold | None = None
        self._runtime = way.runtime
        self._first = threading.Event()
        self._relay, self._passage = _connected(engine, way)

    @property
    def ports(self) -> tuple[ForwardedPort, ...]:
        """What listens in the box, by number."""
        return self._ports

    def wait(self, seconds: float) -> bool:
        """Wait until the box has said for the first time what listens; tell whether it has."""
        return self._first.wait(seconds)

    def serve(self) -> None:
        """Take in what the box says until the end; blocks."""
        pending = b""
        recent: deque[float] = deque(maxlen=_MOST_LINES)
        try:
            with suppress(OSError):  # no record: others are not told where the ports are
                self._record = _new_record(self._runtime)
            while chunk := self._relay.read():
                *lines, pending = (pending + chunk).split(b"\n")
                for line in lines:
                    recent.append(time.monotonic())
                    if len(recent) == _MOST_LINES and recent[-1] - recent[0] < 1:
                        return
                    self._update(told_ports(line.decode("ascii", errors="replace")))
                if len(pending) > _LONGEST_LINE:
                    return
        finally:
            self.close()

    def close(self) -> None:
        """Close all listeners and let go of the box."""
        self._relay.close()
        if self._passage is not None:
            self._passage.close()
        with self._lock:
            self._doors.clear()
            changed, self._ports = bool(self._ports), ()
            record, self._record = self._record, None
        if record is not None:
            record.release()
        self._first.set()
        if changed:
            self._on_change()

    def _update(self, found: tuple[ListeningPort, ...]) -> None:
        """Open and close listeners so that they are those of the ports that there are."""
        own = () if self._only else tuple(one.port for one in found if one.pid)
        wanted = {*own, *(one.port for one in found if one.port in self._asked)}
        with self._lock:
            for port in [each for each in self._doors if each not in wanted]:
                del self._doors[port]
                self._detach(port)
            for port in sorted(
                wanted - self._doors.keys(), key=lambda n: (n not in self._asked, n)
            ):
                if len(self._doors) >= MOST_FORWARDED:
                    break
                listener = listen_on_loopback(port)
                if listener is not None:
                    self._doors[port] = listener.getsockname()[1]
                    self._attach(port, listener)
            now = tuple(ForwardedPort(found=p, local=self._doors.get(p.port, 0)) for p in found)
            changed, self._ports = now != self._ports, now
            if self._record is not None:
                with suppress(OSError):
                    self._record.write(_record(self._doors))
        self._first.set()
        if changed:
            self._on_change()

    def _attach(self, port: int, listener: socket.socket) -> None:
        if self._passage is not None:
            self._passage.attach(port, listener)
        else:
            self._relay.attach(f"port/{port}", listener)

    def _detach(self, port: int) -> None:
        if self._passage is not None:
            self._passage.detach(port)
        else:
            self._relay.detach(f"port/{port}")


def find_ports(engine: Engine, way: Way) -> tuple[ListeningPort, ...]:
    """Return what listens in a running box, by number.

    Raises
    ------
    TransportError
        The box has no Python that is new enough.
    """
    relay = _relay(engine, way, "once", "", "")
    said = b""
    try:
        while (chunk := relay.read()) and b"\n" not in said:
            said += chunk
    finally:
        relay.close()
    return told_ports(said.partition(b"\n")[0].decode("ascii", errors="replace"))


def listen_on_loopback(port: int) -> socket.socket | None:
    """Return a socket that listens on loopback, at the wanted number if that is free.

    Numbers below 1024 are left to the system. None where no socket is to be had.
    """
    for number in (port, 0) if port >= _PRIVILEGED else (0,):
        listener = socket.socket()
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((LOOPBACK, number))
            listener.listen(128)
        except OSError:
            listener.close()
            continue
        return listener
    return None


def recorded(runtime: RuntimeDir) -> dict[int, int]:
    """Return where living processes forward the ports of a box: its numbers, and theirs here."""
    found: dict[int, int] = {}
    for path in sorted(runtime.path.glob(f"{_RECORD}*")):
        if is_abandoned(path):
            path.unlink(missing_ok=True)
            continue
        found = {**_pairs(path), **found}
    return found


def _connected(engine: Engine, way: Way) -> tuple[Relay, Passage | None]:
    """Start our program in a box; return the stream to it and the short way, if there is one."""
    if not way.shared:
        return _relay(engine, way, "watch", "", ""), None
    name, token = f"ports-{secrets.token_hex(4)}", secrets.token_hex(16)
    path = way.runtime.shared / name
    with way.runtime.listening(path) as listener:
        relay = _relay(engine, way, "watch", f"{SHARED_IN_BOX}/{name}", token)
        try:
            return relay, Passage(greeted(listener, token), relay.close)
        except TransportError:  # the folder was swept away meanwhile: the stream carries all
            return relay, None


def _relay(engine: Engine, way: Way, verb: str, place: str, token: str) -> Relay:
    more = (listening_ports, port_program)
    stream = begin(engine, way.container, (verb,), (place, token), more=more, user=way.user)
    return Relay(stream, {}, None, way.runtime.listen, None)


def _new_record(runtime: RuntimeDir) -> Hold:
    return Hold(runtime.path / f"{_RECORD}{secrets.token_hex(4)}", _record({}))


def _record(doors: dict[int, int]) -> bytes:
    return json.dumps(sorted(doors.items())).encode().ljust(_RECORD_BYTES)


def _pairs(path: Path) -> dict[int, int]:
    """Return what a record says; {} for one that is damaged, or just being written."""
    try:
        return dict(_whole(json.loads(path.read_bytes())))
    except (OSError, ValueError):
        return {}


def _whole(rows: object) -> Iterator[tuple[int, int]]:
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, list) and len(row) == 2 and all(isinstance(n, int) for n in row):
            yield row[0], row[1]
