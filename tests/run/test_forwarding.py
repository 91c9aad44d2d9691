"""Ports from end to end on this machine: the box is a process that shares its network."""

from __future__ import annotations

import array
import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest
from test_stream import Local, Process

from jupyter_devbox.run import forwarding
from jupyter_devbox.run.forwarding import (
    LOOPBACK,
    Forwarding,
    Way,
    find_ports,
    listen_on_loopback,
    recorded,
)
from jupyter_devbox.run.frames import MOST_CHANNELS
from jupyter_devbox.run.passing import Passage, greeted
from jupyter_devbox.run.relay import Relay

SECONDS = 30

ECHO = """
import socket, sys, threading
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
print(listener.getsockname()[1], flush=True)
def talk(end):
    whole = b""
    while data := end.recv(65536):
        if data == b"end":
            break
        end.sendall(data)
    end.close()
while True:
    threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()
"""


HALVES = """
import socket, sys, threading, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
def talk(end):
    first = sys.argv[1] == "first"  # who ends its direction first
    if first:
        end.sendall(b"all that I say")
        end.shutdown(socket.SHUT_WR)
    if sys.argv[1] == "slow":
        time.sleep(2)
    whole = bytearray()
    while data := end.recv(65536):
        whole += data
    if sys.argv[1] == "last":
        end.sendall(whole[::-1])
    end.close()
    print(len(whole), flush=True)
while True:
    threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()
"""
LARGE = bytes(range(256)) * (3 << 12)  # three times the credit of a channel


@pytest.fixture
def halves():
    """Start servers which end their direction first, or only once the client has ended its own."""
    started = []

    def start(who):
        words = [sys.executable, "-c", HALVES, who]
        started.append(subprocess.Popen(words, stdout=subprocess.PIPE, text=True))
        started[-1].port = int(started[-1].stdout.readline())
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def local(monkeypatch, runtime):
    """A box that is a process here; what it would see of the shared folder is the folder itself."""
    monkeypatch.setattr(forwarding, "SHARED_IN_BOX", str(runtime.shared))
    engine = Local()
    yield engine
    for each in engine.streams:
        each.close()
        each.wait()


@pytest.fixture
def echo():
    process = subprocess.Popen([sys.executable, "-c", ECHO], stdout=subprocess.PIPE, text=True)
    process.port = int(process.stdout.readline())
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture(params=["mount", "stream"])
def begun(request, local, runtime):
    """Start forwarding by either way; all are closed at the end."""
    made = []

    def begin(**options):
        way = Way(container="c", runtime=runtime, shared=request.param == "mount")
        one = Forwarding(local, way, **options)
        thread = threading.Thread(target=one.serve)
        thread.start()
        made.append((one, thread))
        assert one.wait(SECONDS)
        return one

    yield begin
    for one, thread in made:
        one.close()
        thread.join(SECONDS)
        assert not thread.is_alive()


def until(condition, seconds=SECONDS):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(condition)


def local_number(one, port):
    return next((p.local for p in one.ports if p.found.port == port), 0)


def exactly(end, count):
    data = b""
    while len(data) < count:
        part = end.recv(1 << 16)
        assert part
        data += part
    return data


def test_what_listens_is_found(local, runtime, echo):
    found = find_ports(local, Way(container="c", runtime=runtime, shared=False))
    (mine,) = [port for port in found if port.port == echo.port]
    assert (mine.address, mine.pid) == ("127.0.0.1", echo.pid)
    assert mine.process.startswith("python")


def test_a_connection_goes_through_and_ends_with_the_process(begun, echo):
    changes = []
    one = begun(asked=frozenset([echo.port]), only=True, on_change=lambda: changes.append(1))
    number = until(lambda: local_number(one, echo.port))
    assert number != echo.port  # taken: box and host are one machine here
    with socket.create_connection((LOOPBACK, number), SECONDS) as end:
        for data in (b"hello", bytes(range(256)) * 4096):
            writer = threading.Thread(target=end.sendall, args=(data,))
            writer.start()
            assert exactly(end, len(data)) == data
            writer.join()
    with socket.create_connection((LOOPBACK, number), SECONDS) as end:
        end.sendall(b"end")
        assert end.recv(10) == b""
    echo.kill()
    until(lambda: not local_number(one, echo.port))
    until(lambda: _refused(number))
    assert changes


def everything(end):
    data = b""
    while part := end.recv(1 << 16):
        data += part
    return data


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.0\r\n\r\n", LARGE], ids=len)
def test_a_client_that_has_said_all_gets_its_answer(begun, halves, said):
    server = halves("last")
    one = begun(asked=frozenset([server.port]), only=True)
    number = until(lambda: local_number(one, server.port))
    for _ in range(3):
        with socket.create_connection((LOOPBACK, number), SECONDS) as end:
            end.sendall(said)
            end.shutdown(socket.SHUT_WR)
            assert everything(end) == said[::-1]
        assert server.stdout.readline() == f"{len(said)}\n"


def test_an_upload_goes_on_when_the_server_reads_again(begun, halves):
    """More than all buffers hold: what says that there is room comes alone then, without data."""
    server = halves("slow")
    one = begun(asked=frozenset([server.port]), only=True)
    number = until(lambda: local_number(one, server.port))
    with socket.create_connection((LOOPBACK, number), SECONDS) as end:
        end.sendall(bytes(1 << 25))
        end.shutdown(socket.SHUT_WR)
        assert server.stdout.readline() == f"{1 << 25}\n"


def test_a_server_that_has_said_all_still_listens(begun, halves):
    server = halves("first")
    one = begun(asked=frozenset([server.port]), only=True)
    number = until(lambda: local_number(one, server.port))
    with socket.create_connection((LOOPBACK, number), SECONDS) as end:
        assert everything(end) == b"all that I say"
        end.sendall(LARGE)
        end.shutdown(socket.SHUT_WR)
        assert server.stdout.readline() == f"{len(LARGE)}\n"
    # One that goes without a word ends it too.
    socket.create_connection((LOOPBACK, number), SECONDS).close()
    assert server.stdout.readline() == "0\n"


def test_connections_that_ended_by_halves_leave_nothing(begun, halves):
    """More of them than there are channels, and more than a box may have open."""
    server = halves("last")
    one = begun(asked=frozenset([server.port]), only=True)
    number = until(lambda: local_number(one, server.port))
    for _ in range(2 * MOST_CHANNELS + 50):
        with socket.create_connection((LOOPBACK, number), SECONDS) as end:
            end.shutdown(socket.SHUT_WR)
            assert end.recv(1) == b""
    until(lambda: not one._relay._clients)
    until(lambda: not one._relay._mux._channels)


def _refused(number):
    try:
        socket.create_connection((LOOPBACK, number), 5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_many_at_once(begun, echo):
    one = begun(asked=frozenset([echo.port]), only=True)
    number = until(lambda: local_number(one, echo.port))
    ends = [socket.create_connection((LOOPBACK, number), SECONDS) for _ in range(40)]
    for n, end in enumerate(ends):
        end.sendall(str(n).encode())
    assert [end.recv(10) for end in ends] == [str(n).encode() for n in range(40)]
    for end in ends:
        end.close()


def test_a_new_port_is_seen_soon_and_gets_its_own_number(begun):
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        port = taken.getsockname()[1]
    one = begun(asked=frozenset([port]), only=True)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen()
        found = until(lambda: next((p for p in one.ports if p.found.port == port), None))
        assert found.found.pid == os.getpid()
        assert found.local not in {0, port}
    until(lambda: all(p.found.port != port for p in one.ports))


def test_others_are_told_where_a_port_is(begun, runtime, echo):
    one = begun(asked=frozenset([echo.port]), only=True)
    number = until(lambda: local_number(one, echo.port))
    assert recorded(runtime) == {echo.port: number}
    one.close()
    until(lambda: recorded(runtime) == {})


def test_a_record_of_a_killed_process_is_swept(runtime):
    (runtime.path / "ports-0a").write_text("[[1, 2]]")
    assert recorded(runtime) == {}
    assert not list(runtime.path.glob("ports-*"))


def test_the_end_of_the_stream_closes_everything(begun, local, echo):
    one = begun(asked=frozenset([echo.port]), only=True)
    number = until(lambda: local_number(one, echo.port))
    with socket.create_connection((LOOPBACK, number), SECONDS):
        os.kill(local.streams[-1].pid, 9)
        until(lambda: not one.ports)
        until(lambda: _refused(number))


def test_a_number_that_is_taken_or_not_ours_to_take():
    with listen_on_loopback(0) as first:
        number = first.getsockname()[1]
        with listen_on_loopback(number) as second:
            assert second.getsockname()[0] == LOOPBACK
            assert second.getsockname()[1] != number
    with listen_on_loopback(80) as low:
        assert low.getsockname()[1] >= 1024


# --- a box that lies --------------------------------------------------------------------------


class Told:
    """An engine whose box says what the test says, on a stream."""

    def __init__(self, lines, times=1):
        self.program = f"""
import os, struct, sys
sys.stdin.buffer.read1()
def frame(payload):
    os.write(1, struct.pack(">II", 0, len(payload)) + payload)
frame(b"h1")
for line in {lines!r} * {times}:
    frame(b"l" + line)
try:
    sys.stdin.buffer.read()
except OSError:
    pass
"""
        self.streams = []

    def stream(self, container, spec):
        self.streams.append(Process((sys.executable, "-c", self.program), spec.env))
        return self.streams[-1]


def rows(count):
    return [{"port": 20000 + n, "address": "127.0.0.1", "pid": 1} for n in range(count)]


@pytest.mark.parametrize(
    "line", [b"", b"nonsense", b"{}", b"[1]", b"\xff", json.dumps([{"port": "80"}]).encode()]
)
def test_nonsense_is_no_port(runtime, line):
    engine = Told([line])
    one = Forwarding(engine, Way(container="c", runtime=runtime, shared=False))
    thread = threading.Thread(target=one.serve)
    thread.start()
    assert one.wait(SECONDS)
    assert one.ports == ()
    one.close()
    thread.join(SECONDS)
    engine.streams[0].wait()


def test_hundreds_of_ports_are_bounded(runtime):
    engine = Told([json.dumps(rows(600)).encode()])
    one = Forwarding(engine, Way(container="c", runtime=runtime, shared=False))
    thread = threading.Thread(target=one.serve)
    thread.start()
    assert one.wait(SECONDS)
    assert len(one.ports) == 256
    assert sum(port.local > 0 for port in one.ports) == forwarding.MOST_FORWARDED
    one.close()
    thread.join(SECONDS)
    engine.streams[0].wait()


def test_a_box_that_never_stops_talking_is_let_go_of(runtime):
    engine = Told([json.dumps(rows(1 + n)).encode() for n in range(2)], 5000)
    changes = []
    way = Way(container="c", runtime=runtime, shared=False)
    one = Forwarding(engine, way, on_change=lambda: changes.append(1))
    thread = threading.Thread(target=one.serve)
    thread.start()
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert len(changes) <= forwarding._MOST_LINES
    assert one.ports == ()
    os.kill(engine.streams[0].pid, 9)  # it still talks, to nobody
    engine.streams[0].wait()


@pytest.fixture
def passed():
    """A passage whose other end the test plays, and a door of it."""
    here, there = socket.socketpair()
    here.setblocking(False)
    there.settimeout(SECONDS)
    ended = threading.Event()
    passage = Passage(here, ended.set)
    door = listen_on_loopback(0)
    number = door.getsockname()[1]
    passage.attach(7, door)
    yield there, number, ended
    passage.close()
    there.close()


def asked(there, number):
    client = socket.create_connection((LOOPBACK, number), SECONDS)
    return client, exactly(there, 6)


def test_a_listener_that_comes_when_all_is_over_is_closed(runtime):
    """The box's last word and the end cross: else a port here would listen for ever."""
    here, there = socket.socketpair()
    here.setblocking(False)
    passage = Passage(here)
    passage.close()
    stream = Process((sys.executable, "-c", ""), {})
    relay = Relay(stream, {}, None, runtime.listen, None)
    relay.close()
    for attach in (lambda one: passage.attach(7, one), lambda one: relay.attach("port/7", one)):
        door = listen_on_loopback(0)
        attach(door)
        assert door.fileno() == -1
    stream.wait()
    there.close()


def test_a_client_that_comes_as_the_box_ends_is_hung_up_on(passed, monkeypatch):
    there, number, ended = passed
    accepted, accept = [], socket.socket.accept

    def kept(listener):
        accepted.append(accept(listener))
        return accepted[-1]

    monkeypatch.setattr(socket.socket, "accept", kept)
    there.shutdown(socket.SHUT_RD)  # a request fails, and nothing else has told us before
    with socket.create_connection((LOOPBACK, number), SECONDS) as client:
        client.settimeout(SECONDS)
        assert client.recv(1) == b""
        assert ended.wait(SECONDS)
        assert [end.fileno() for end, _ in accepted] == [-1]


def answer(there, request, *descriptors):
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
    there.sendmsg([request[:4] + b"\1"], rights if descriptors else [])


def test_only_tcp_is_taken_from_a_box(passed, tmp_path):
    there, number, _ = passed
    file = tmp_path / "file"
    file.write_text("mine")
    one, other = socket.socketpair()
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with file.open("r+") as opened, one, other, udp:
        for wrong in ([opened.fileno()], [one.fileno()], [udp.fileno()], [], [0, 1]):
            client, request = asked(there, number)
            with client:
                client.sendall(b"secret")
                answer(there, request, *wrong)
                with suppress(ConnectionResetError):  # hung up before it was read
                    assert client.recv(10) == b""
        one.setblocking(False)
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            other.recv(10)
    assert file.read_text() == "mine"


def test_a_socket_whose_flags_the_box_changes_holds_nobody_up(passed, echo):
    there, number, _ = passed
    client, request = asked(there, number)
    box = socket.create_connection((LOOPBACK, echo.port), SECONDS)
    box.setblocking(True)
    answer(there, request, box.fileno())
    with client, box:
        client.sendall(b"hello")
        assert exactly(client, 5) == b"hello"
        second, request = asked(there, number)  # the thread did not wait for the first
        second.close()


def test_an_answer_to_nothing_and_a_broken_one(passed):
    there, number, ended = passed
    answer(there, b"\0\0\xff\xff")
    client, _ = asked(there, number)
    there.sendall(b"xy")
    assert ended.wait(SECONDS)
    with client, suppress(ConnectionResetError):
        assert client.recv(1) == b""


def test_who_does_not_know_the_token_is_hung_up_on(runtime):
    path = runtime.shared / "p"
    with runtime.listen(path) as listener:
        stranger, ours = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        with stranger, ours:
            stranger.connect(str(path))
            stranger.sendall(b"guess")
            ours.connect(str(path))
            ours.sendall(b"token")
            with greeted(listener, "token") as end:
                end.sendall(b"yes")
                assert ours.recv(10) == b"yes"
            assert stranger.recv(10) == b""
