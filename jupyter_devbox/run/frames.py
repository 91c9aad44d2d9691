"""Many streams of bytes over one: what the host and a box's launcher say on an exec stream.

Both sides use this module, so: standard library only, Python 3.8. It does no input or output.

A frame is a channel (u32), the length of its payload (u32), both big-endian, and the payload.
Frames of channel 0 control; their first byte is the kind::

    h VERSION            the first frame of the box's: it is there, and speaks this
    o CHANNEL ADDRESS    a channel to an address of the other side's: ``kernel/1``, ``host``
    e CHANNEL            nothing more comes on it; what the other side has to say is wanted
    c CHANNEL            nothing more comes on it, and nothing more is wanted
    w CHANNEL BYTES      so many more bytes may be sent on it
    s NUMBER             a signal for the kernel
    l TEXT               a line of the launcher's (see `launcher`)
    t BYTES              the end of the kernel's output, as it stands in its log

Frames of other channels are data. The host's channels are odd and count upwards, the box's are
even. Each direction of a channel starts with a credit of `WINDOW` bytes, so a reader that does not
read stops its own channel and no other.

What comes from the other side is not trusted: whatever is no frame, too long, for a channel that
is not open or beyond its credit raises `FrameError`, and the stream is given up.
"""

from __future__ import annotations

import struct  # each further import of a start's costs milliseconds

VERSION = b"1"
WINDOW = 1 << 20
LARGEST = 1 << 16
MOST_CHANNELS = 256

REQUESTS = b"host"
"""The host's address: its one socket for what a box asks."""
HOST_VARIABLE = "JUPYTER_DEVBOX_HOST"
"""Names that socket to a kernel, where it is not at its usual place."""

HELLO, OPEN, CLOSE, CREDIT, SIGNAL, LINE, LOG, DATA = b"h", b"o", b"c", b"w", b"s", b"l", b"t", b"d"
END = b"e"

_HEAD = struct.Struct(">II")
_NUMBER = struct.Struct(">I")
_PAIR = struct.Struct(">II")
_LONGEST_ADDRESS = 64


class FrameError(ValueError):
    """The other side does not keep to the protocol."""


class _Channel:
    """One open channel: what each side may still send, and who has ended or closed it."""

    __slots__ = (
        *("closed_here", "closed_there", "ended_here", "ended_there"),
        *("consumed", "credit", "expected"),
    )

    def __init__(self) -> None:
        self.credit = WINDOW
        self.expected = WINDOW
        self.consumed = 0
        self.closed_here = False
        self.closed_there = False
        self.ended_here = False
        self.ended_there = False


class Multiplexer:
    """One side of a stream.

    Parameters
    ----------
    host
        Which of the two sides this is.
    """

    def __init__(self, host: bool) -> None:  # noqa: FBT001  # one of two sides
        self._host = host
        self._next = 1 if host else 2
        self._channels: dict[int, _Channel] = {}
        self._incoming = b""
        self._at = self._left = 0
        self._urgent: list[bytes] = []
        self._waiting: list[bytes] = []
        self.backlog = 0

    # --- what this side says ------------------------------------------------

    def tell(self, kind: bytes, payload: bytes) -> None:
        """Queue a control frame of `kind`, before all data."""
        self._urgent.append(_frame(0, kind + payload))

    def open(self, address: str) -> int:
        """Open a channel and return its number; 0 if too many are open."""
        if len(self._channels) >= MOST_CHANNELS:
            return 0
        number, self._next = self._next, self._next + 2
        self._channels[number] = _Channel()
        self.tell(OPEN, _NUMBER.pack(number) + address.encode())
        return number

    def room(self, channel: int) -> int:
        """Return how many bytes may be sent on a channel now, in one frame."""
        found = self._channels.get(channel)
        if found is None or found.closed_here or found.ended_here:
            return 0
        return min(found.credit, LARGEST)

    def send(self, channel: int, data: bytes) -> None:
        """Queue data, no more than there is `room` for."""
        self._channels[channel].credit -= len(data)
        self._queue(_frame(channel, data))

    def consumed(self, channel: int, count: int) -> None:
        """Say that bytes which came on a channel need no more memory here."""
        found = self._channels.get(channel)
        if found is None or found.closed_there:
            return
        found.consumed += count
        if found.consumed >= WINDOW // 4:
            self.tell(CREDIT, _PAIR.pack(channel, found.consumed))
            found.expected += found.consumed
            found.consumed = 0

    def end(self, channel: int) -> None:
        """Say that no more data comes from here, after what is queued; the other side may go on."""
        found = self._channels.get(channel)
        if found is not None and not (found.closed_here or found.ended_here):
            found.ended_here = True
            self._queue(_frame(0, END + _NUMBER.pack(channel)))

    def has_ended(self, channel: int) -> bool:
        """Tell whether this side has said that no more data comes from here."""
        found = self._channels.get(channel)
        return found is None or found.closed_here or found.ended_here

    def close(self, channel: int) -> None:
        """Close a channel, after the data that is queued; one that is closed is no error."""
        found = self._channels.get(channel)
        if found is not None and not found.closed_here:
            found.closed_here = True
            self._queue(_frame(0, CLOSE + _NUMBER.pack(channel)))
            self._forget(channel, found)

    @property
    def silent(self) -> bool:
        """Whether there is nothing to be written."""
        return not self._urgent and not self._waiting

    def take(self) -> bytes:
        """Return the next frame to be written, b"" if there is none."""
        if self._urgent:
            return self._urgent.pop(0)
        if not self._waiting:
            return b""
        frame = self._waiting.pop(0)
        self.backlog -= len(frame)
        return frame

    def _queue(self, frame: bytes) -> None:
        self._waiting.append(frame)
        self.backlog += len(frame)

    def _forget(self, channel: int, found: _Channel) -> None:
        if found.closed_here and found.closed_there:
            del self._channels[channel]

    # --- what the other side says -------------------------------------------

    def receive(self, data: bytes) -> list[tuple[bytes, int, bytes]]:
        """Return what these bytes say, with those that came before: kind, channel and payload.

        The kind is a control frame's, or `DATA`. Data is passed on as it comes: of a frame that
        comes in parts, each part is an event.

        Raises
        ------
        FrameError
            They are no frames, or not allowed.
        """
        incoming = memoryview(self._incoming + data if self._incoming else data)
        events: list[tuple[bytes, int, bytes]] = []
        start, size = 0, len(incoming)
        while start < size:
            if self._left:
                payload = bytes(incoming[start : start + self._left])
                start += len(payload)
                self._left -= len(payload)
                event = self._data(self._at, payload)
            else:
                if size - start < _HEAD.size:
                    break
                channel, length = _HEAD.unpack_from(incoming, start)
                if length > LARGEST + 1:
                    msg = f"a frame of {length} bytes"
                    raise FrameError(msg)
                if channel:
                    self._known(channel)
                    start += _HEAD.size
                    self._at, self._left = channel, length
                    continue
                end = start + _HEAD.size + length
                if size < end:
                    break
                event = self._control(bytes(incoming[start + _HEAD.size : end]))
                start = end
            if event is not None:
                events.append(event)
        self._incoming = bytes(incoming[start:])
        return events

    def _known(self, channel: int) -> _Channel:
        """Return a channel on which data may come."""
        found = self._channels.get(channel)
        if found is None or found.closed_there or found.ended_there:
            msg = f"data for a channel that is not open: {channel}"
            raise FrameError(msg)
        return found

    def _data(self, channel: int, payload: bytes) -> tuple[bytes, int, bytes] | None:
        found = self._known(channel)
        found.expected -= len(payload)
        if found.expected < 0:
            msg = f"more data than a channel may send: {channel}"
            raise FrameError(msg)
        # On its way when this side closed: of no use to anybody.
        return None if found.closed_here else (DATA, channel, payload)

    def _control(self, payload: bytes) -> tuple[bytes, int, bytes] | None:
        kind, rest = payload[:1], payload[1:]
        try:
            if kind == CREDIT:
                return self._credit(*_PAIR.unpack(rest))
            if kind == END:
                return self._ended(*_NUMBER.unpack(rest))
            if kind == CLOSE:
                return self._closed(*_NUMBER.unpack(rest))
            if kind == OPEN:
                return self._opened(_NUMBER.unpack(rest[:4])[0], rest[4:])
        except struct.error:
            msg = "a control frame that is cut short"
            raise FrameError(msg) from None
        if kind in ((HELLO, LINE, LOG) if self._host else (SIGNAL,)):
            return (kind, 0, rest)
        msg = f"an unknown control frame: {kind!r}"
        raise FrameError(msg)

    def _credit(self, channel: int, count: int) -> tuple[bytes, int, bytes] | None:
        found = self._channels.get(channel)
        if found is None:
            return None  # closed by both sides meanwhile
        found.credit += count
        if found.credit > WINDOW:
            msg = f"more credit than was used up: {channel}"
            raise FrameError(msg)
        return (CREDIT, channel, b"")

    def _ended(self, channel: int) -> tuple[bytes, int, bytes]:
        self._known(channel).ended_there = True
        return (END, channel, b"")

    def _closed(self, channel: int) -> tuple[bytes, int, bytes]:
        found = self._channels.get(channel)
        if found is None or found.closed_there:
            msg = f"the end of a channel that is not open: {channel}"
            raise FrameError(msg)
        found.closed_there = True
        self._forget(channel, found)
        return (CLOSE, channel, b"")

    def _opened(self, channel: int, address: bytes) -> tuple[bytes, int, bytes]:
        theirs = 0 if self._host else 1
        if channel == 0 or channel % 2 != theirs or channel in self._channels:
            msg = f"a channel that may not be opened: {channel}"
            raise FrameError(msg)
        if len(self._channels) >= MOST_CHANNELS or len(address) > _LONGEST_ADDRESS:
            msg = "too many channels, or too long an address"
            raise FrameError(msg)
        self._channels[channel] = _Channel()
        return (OPEN, channel, address)


def _frame(channel: int, payload: bytes) -> bytes:
    return _HEAD.pack(channel, len(payload)) + payload
