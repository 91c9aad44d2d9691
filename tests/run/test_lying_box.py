"""A stream whose box lies: it speaks something else, floods, asks for what is not its own."""

from __future__ import annotations

import signal
import socket
import time
from contextlib import suppress

import pytest

from jupyter_devbox.errors import EngineError
from jupyter_devbox.run.death import explain
from jupyter_devbox.run.ending import Moment
from jupyter_devbox.run.frames import CLOSE, DATA, HELLO, LINE, LOG, OPEN
from jupyter_devbox.run.frames import Multiplexer as RealMultiplexer
from jupyter_devbox.run.kernel import KernelProcess, await_sockets
from jupyter_devbox.run.listening import CONNECTIONS
from jupyter_devbox.run.relay import Relay
from jupyter_devbox.spec.box import BoxSpec

SECONDS = 10


class Liar:
    """Satisfies `ExecStream`; what the box says is the test's."""

    def __init__(self):
        self.here, self.there = socket.socketpair()
        self.here.settimeout(SECONDS)
        self.there.settimeout(SECONDS)
        self.mux = RealMultiplexer(host=False)

    def write(self, data):
        try:
            self.here.sendall(data)
        except OSError as error:
            raise EngineError("ended") from error

    def read(self):
        try:
            return self.here.recv(65536)
        except OSError:
            return b""

    def close(self):
        try:
            self.here.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def say(self, *told):
        for kind, payload in told:
            self.mux.tell(kind, payload)
        while frame := self.mux.take():
            self.there.sendall(frame)


class Looked:
    def container(self, _):
        return None

    def began(self):
        return 0.0


@pytest.fixture
def liar(runtime):
    box = Liar()
    sockets = {"kernel/1": runtime.sockets / "k-1"}
    box.relay = Relay(box, sockets, runtime.sockets / "k.log", runtime.listen, runtime.path / "h")
    box.process = KernelProcess(box.relay)
    box.runtime = runtime
    yield box
    box.process.close()
    box.here.close()
    box.there.close()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"HTTP/1.1 200 OK\r\n" * 100, "a frame of"),
        (b"\0" * 100_000, "an unknown control frame"),
        (b"\0\0\0\0\0\0\0\x01l", "no greeting"),
    ],
)
def test_a_box_that_speaks_something_else(liar, said, why):
    with suppress(OSError):  # it is cut off in the middle
        liar.there.sendall(said)
    assert liar.process.wait(SECONDS) == -signal.SIGKILL
    spec = BoxSpec(project="/p", name="p", target="cpu", image="i", uid=1, gid=1)
    log = liar.runtime.sockets / "k.log"
    error = explain(Looked(), "c", liar.process, log, spec=spec, began=Moment.now())
    assert error.message.startswith("The box broke the stream that carries its kernel")
    assert why in error.message
    assert not liar.relay._thread.is_alive() or liar.relay._thread.join(SECONDS) is None


def test_a_box_that_sends_more_than_it_may(liar):
    liar.say((HELLO, b"1"), (LINE, b"bound"))
    assert await_sockets(liar.process, liar.relay._sockets.values(), SECONDS)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(liar.relay._sockets["kernel/1"]))
        kind, channel, address = liar.mux.receive(liar.there.recv(65536))[0]
        assert (kind, address) == (OPEN, b"kernel/1")
        flood = channel.to_bytes(4, "big") + (1 << 16).to_bytes(4, "big") + b"x" * (1 << 16)
        with suppress(OSError):
            for _ in range(100):
                liar.there.sendall(flood)
        assert liar.process.wait(SECONDS) == -signal.SIGKILL
        assert "more data than a channel may send" in liar.process.broken


def heard(liar, count):
    """What the box hears, until it has heard so much."""
    events = []
    while len(events) < count:
        events += liar.mux.receive(liar.there.recv(65536))
    return events


def test_a_box_asks_the_hosts_socket_and_no_other(liar):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(liar.runtime.path / "h"))
        listener.listen()
        listener.settimeout(SECONDS)
        liar.say((HELLO, b"1"))
        for address in ("docker", "kernel/1", "../h", "/var/run/docker.sock"):
            channel = liar.mux.open(address)
            liar.say()
            assert heard(liar, 1) == [(CLOSE, channel, b"")]
        channel = liar.mux.open("host")
        liar.mux.send(channel, b"question\n")
        liar.say()
        caller, _ = listener.accept()
        with caller:
            caller.settimeout(SECONDS)
            assert caller.recv(100) == b"question\n"
            caller.sendall(b"answer\n")
        assert heard(liar, 2) == [(DATA, channel, b"answer\n"), (CLOSE, channel, b"")]


def test_a_box_that_asks_too_much_at_once(liar):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(liar.runtime.path / "h"))
        listener.listen(50)
        liar.say((HELLO, b"1"))
        channels = [liar.mux.open("host") for _ in range(CONNECTIONS + 3)]
        liar.say()
        assert heard(liar, 3) == [(CLOSE, channel, b"") for channel in channels[CONNECTIONS:]]


def test_nobody_listens_to_a_box(liar):
    liar.say((HELLO, b"1"))
    channel = liar.mux.open("host")
    liar.say()
    assert heard(liar, 1) == [(CLOSE, channel, b"")]


def test_a_log_is_not_written_through_a_link(liar, tmp_path):
    (tmp_path / "mine").write_text("untouched")
    (liar.runtime.sockets / "k.log").symlink_to(tmp_path / "mine")
    liar.say((HELLO, b"1"), (LOG, b"evil"), (LINE, b"exit 1 0"))
    liar.there.shutdown(socket.SHUT_RDWR)
    assert liar.process.wait(SECONDS) == 1
    assert (tmp_path / "mine").read_text() == "untouched"
    assert (liar.runtime.sockets / "k.log").read_text() == "evil"


def test_one_line_of_many(liar):
    """Lines end where the launcher's frame ends: none can be smuggled into another."""
    liar.say((HELLO, b"1"), (LINE, b"pid 5\nexit 0 0"), (LINE, b"exit 7 0"))
    liar.there.shutdown(socket.SHUT_RDWR)
    assert liar.process.wait(SECONDS) == 7


def test_a_box_that_does_not_read_keeps_nobody(liar):
    """Its stream is full; a kill still returns, and letting go frees the relay."""
    liar.say((HELLO, b"1"), (LINE, b"bound"))
    assert await_sockets(liar.process, liar.relay._sockets.values(), SECONDS)
    liar.here.settimeout(None)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(liar.relay._sockets["kernel/1"]))
        client.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.sendall(b"x" * (8 << 20))
        begin = time.monotonic()
        liar.process.kill()
        assert liar.process.wait(0.1) is None
        liar.process.close()
        assert time.monotonic() - begin < 3
    assert liar.process.wait(SECONDS) == -signal.SIGKILL
    liar.relay._thread.join(SECONDS)
    assert not liar.relay._thread.is_alive()
