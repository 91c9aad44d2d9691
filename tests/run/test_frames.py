"""The protocol of a stream: what goes in comes out, and what is not allowed is refused."""

from __future__ import annotations

import ast
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.run import frames
from jupyter_devbox.run.frames import (
    CLOSE,
    CREDIT,
    DATA,
    END,
    HELLO,
    LARGEST,
    LINE,
    LOG,
    MOST_CHANNELS,
    OPEN,
    SIGNAL,
    WINDOW,
    FrameError,
    Multiplexer,
)


def frame(channel: int, payload: bytes) -> bytes:
    return struct.pack(">II", channel, len(payload)) + payload


def control(kind: bytes, *numbers: int, rest: bytes = b"") -> bytes:
    return frame(0, kind + b"".join(struct.pack(">I", n) for n in numbers) + rest)


def drain(mux: Multiplexer) -> bytes:
    return b"".join(iter(mux.take, b""))


@pytest.fixture
def host():
    return Multiplexer(host=True)


@pytest.fixture
def box():
    return Multiplexer(host=False)


@given(
    messages=st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=3000)), max_size=30),
    cut=st.integers(1, 5000),
)
def test_whatever_is_sent_arrives_in_order(messages, cut):
    host, box = Multiplexer(host=True), Multiplexer(host=False)
    channels = [host.open(f"kernel/{n}") for n in range(4)]
    sent = dict.fromkeys(channels, b"")
    for which, data in messages:
        host.send(channels[which], data)
        sent[channels[which]] += data
    for channel in channels:
        host.close(channel)
    wire = drain(host)
    events = [
        event for at in range(0, len(wire), cut) for event in box.receive(wire[at : at + cut])
    ]
    assert [e[1:] for e in events if e[0] == OPEN] == [
        (channel, f"kernel/{n}".encode()) for n, channel in enumerate(channels)
    ]
    got = {c: b"".join(e[2] for e in events if e[:2] == (DATA, c)) for c in channels}
    assert got == sent
    assert [e[1] for e in events if e[0] == CLOSE] == channels


@given(st.lists(st.binary(max_size=200), max_size=20), st.booleans())
def test_nonsense_is_refused_and_nothing_else(chunks, opens):
    mux = Multiplexer(host=opens)
    with suppress(FrameError):
        for chunk in chunks:
            mux.receive(chunk)
    assert len(mux._incoming) <= LARGEST + 200


@given(
    st.lists(
        st.tuples(
            st.integers(0, 4),
            st.sampled_from([b"", b"h", b"o", b"c", b"e", b"w", b"s", b"l", b"t", b"d", b"x"]),
            st.binary(max_size=12),
        ),
        max_size=30,
    ),
    st.booleans(),
)
def test_well_formed_nonsense_too(said, opens):
    """The frames are whole; what they say is anything. Neither side keeps more than it may."""
    mux = Multiplexer(host=opens)
    if opens:
        mux.open("kernel/1")
    try:
        for channel, kind, rest in said:
            mux.receive(frame(channel, kind + rest))
    except FrameError:
        return
    assert len(mux._channels) <= MOST_CHANNELS
    assert all(c.credit <= WINDOW and c.expected >= 0 for c in mux._channels.values())


def test_one_direction_ends_and_the_other_goes_on(host, box):
    channel = host.open("port/80")
    host.send(channel, b"all")
    host.end(channel)
    host.end(channel)  # no error, and no second time
    assert (host.room(channel), host.has_ended(channel)) == (0, True)
    events = box.receive(drain(host))
    assert [e[0] for e in events] == [OPEN, DATA, END]
    assert not box.has_ended(channel)
    box.send(channel, b"answer")
    assert host.receive(drain(box)) == [(DATA, channel, b"answer")]
    with pytest.raises(FrameError):
        Multiplexer.receive(box, frame(channel, b"more"))


def test_both_directions_end_and_the_channel_is_forgotten(host, box):
    channel = host.open("port/80")
    host.end(channel)
    box.receive(drain(host))
    box.end(channel)
    host.receive(drain(box))
    with pytest.raises(FrameError):
        host.receive(control(END, channel))
    host.close(channel)
    box.close(channel)
    box.receive(drain(host))
    host.receive(drain(box))
    assert (host._channels, box._channels) == ({}, {})
    assert host.has_ended(channel)
    host.end(channel)
    assert host.silent


def test_credit_runs_out_and_comes_back(host, box):
    channel = host.open("kernel/1")
    box.receive(drain(host))
    while room := host.room(channel):
        host.send(channel, b"x" * room)
    assert host.backlog > WINDOW
    events = box.receive(drain(host))
    assert sum(len(e[2]) for e in events) == WINDOW
    box.consumed(channel, WINDOW // 2)
    assert host.receive(drain(box)) == [(CREDIT, channel, b"")]
    assert host.room(channel) == LARGEST
    for _ in range(WINDOW // 2 // LARGEST):
        host.send(channel, b"x" * LARGEST)
    assert host.room(channel) == 0
    box.receive(drain(host))


def test_control_goes_before_data(host):
    channel = host.open("kernel/1")
    host.take()
    host.send(channel, b"data")
    host.tell(SIGNAL, b"\x02")
    assert host.take() == frame(0, b"s\x02")
    assert host.take() == frame(channel, b"data")
    assert (host.take(), host.backlog) == (b"", 0)


def test_a_close_comes_after_the_data(host, box):
    channel = host.open("kernel/1")
    host.send(channel, b"last words")
    host.close(channel)
    host.close(channel)
    kinds = [event[0] for event in box.receive(drain(host))]
    assert kinds == [OPEN, DATA, CLOSE]


def test_data_that_was_on_its_way_is_dropped(host, box):
    channel = host.open("kernel/1")
    box.receive(drain(host))
    box.send(channel, b"late")
    host.close(channel)
    assert host.receive(drain(box)) == []
    assert box.receive(drain(host)) == [(CLOSE, channel, b"")]
    box.close(channel)
    assert host.receive(drain(box)) == [(CLOSE, channel, b"")]
    assert not host._channels
    assert not box._channels


def test_there_is_an_end_of_channels(host):
    numbers = [host.open("kernel/1") for _ in range(MOST_CHANNELS)]
    assert len(set(numbers)) == MOST_CHANNELS
    assert host.open("kernel/1") == 0


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (struct.pack(">II", 1, 2**32 - 1), "bytes"),
        (struct.pack(">II", 0, LARGEST + 2), "bytes"),
        (frame(3, b"x"), "not open: 3"),
        (frame(1, b"x" * LARGEST) * (WINDOW // LARGEST) + frame(1, b"x"), "more data"),
        (control(CREDIT, 1, 1), "more credit"),
        (control(CREDIT, 1), "cut short"),
        (control(CLOSE, 9), "not open: 9"),
        (control(CLOSE, 1) * 2, "not open: 1"),
        (control(CLOSE, 1) + frame(1, b"x"), "not open: 1"),
        (control(OPEN, 0, rest=b"host"), "may not be opened"),
        (control(OPEN, 3, rest=b"host"), "may not be opened"),
        (control(OPEN, 2, rest=b"host") * 2, "may not be opened"),
        (control(OPEN, 2, rest=b"h" * 65), "too long"),
        (control(OPEN, rest=b"\0"), "cut short"),
        (control(SIGNAL, rest=b"\x09"), "unknown"),
        (frame(0, b""), "unknown"),
        (b"OCI runtime exec failed: no python3", "bytes"),
    ],
)
def test_what_a_box_may_not_say(host, said, why):
    assert host.open("kernel/1") == 1
    with pytest.raises(FrameError, match=why):
        host.receive(said)


@pytest.mark.parametrize(
    "said",
    [
        control(OPEN, 2, rest=b"kernel/1"),
        control(OPEN, 1, rest=b"x" * 65),
        control(OPEN, 1) * 2,
        control(OPEN),
        control(LINE, rest=b"exit 0 0"),
        b"".join(control(OPEN, 2 * n + 1) for n in range(MOST_CHANNELS + 1)),
    ],
)
def test_what_the_host_may_not_say(box, said):
    with pytest.raises(FrameError):
        box.receive(said)


def test_what_a_box_says(host, box):
    box.tell(HELLO, b"1")
    box.tell(LINE, b"pid 7")
    box.tell(LOG, b"x" * LARGEST)
    assert host.receive(drain(box)) == [
        (HELLO, 0, b"1"),
        (LINE, 0, b"pid 7"),
        (LOG, 0, b"x" * LARGEST),
    ]


@pytest.mark.parametrize("name", ["frames", "stream_launcher"])
def test_an_old_python_can_read_it(name):
    source = Path(frames.__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 8))


def test_it_imports_little():
    """It stands between a click and a kernel."""
    code = (
        "import sys; before = set(sys.modules)\n"
        f"exec(open({frames.__file__!r}).read())\n"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stdout == "['__future__', '_struct', 'struct']\n"
