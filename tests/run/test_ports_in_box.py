"""Programs in a real box are found and reached, by both ways in, and without a network too."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import replace

import pytest
from transports import both_transports

from jupyter_devbox.run.box import open_box
from jupyter_devbox.run.forwarding import LOOPBACK, Forwarding, find_ports, recorded
from jupyter_devbox.run.ports import PORTS, box_way
from jupyter_devbox.run.runtime_dir import SHARED_IN_BOX
from jupyter_devbox.spec.container import ExecSpec

pytestmark = [pytest.mark.docker, both_transports]

SECONDS = 60
PORT = 8501

SERVE = """
import http.server, threading
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", {}), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
"""
ONE_CALLER = """
import socket
listener = socket.create_server(("127.0.0.1", {}))
"""
CALLED = """
listener.setblocking(False)
try:
    print("called by", listener.accept()[1])
except BlockingIOError:
    print("nobody")
"""
ECHO = """
import socket, threading
listener = socket.create_server(("{}", {}))
print("up", flush=True)
def talk(end):
    while data := end.recv(65536):
        end.sendall(data)
    end.close()
while True:
    threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()
"""


GATHER = """
import socket, time
listener = socket.create_server(("{}", {}))
print("up", flush=True)
while True:
    end, whole = listener.accept()[0], []
    time.sleep(1)
    while data := end.recv(65536):
        whole.append(data)
    end.sendall(b"".join(whole))
    end.close()
"""


@pytest.fixture(autouse=True)
def watching():
    """As a Jupyter server has it."""
    changed = threading.Event()
    PORTS.enable(changed.set)
    yield changed
    PORTS.disable()
    assert [box.ports for box in PORTS.all() if box.ports] == []


def until(condition):
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(condition)


def local(container, port):
    """Return a port's number here; 0 while it has none."""
    for box in PORTS.all():
        if box.container == container:
            return next((p.local for p in box.ports if p.found.port == port), 0)
    return 0


def get(number, path):
    with urllib.request.urlopen(f"http://{LOOPBACK}:{number}{path}", timeout=SECONDS) as answer:
        return answer.read().decode()


def refused(number):
    try:
        socket.create_connection((LOOPBACK, number), 5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_server_in_the_kernel_comes_and_goes(devbox, watching):
    with devbox.kernel(name="web") as kernel:
        assert kernel.run(SERVE.format(PORT)).reply["status"] == "ok"
        number = until(lambda: local(kernel.container, PORT))
        assert watching.is_set()
        assert get(number, "/a/b?c=d") == "/a/b?c=d"
        (box,) = [one for one in PORTS.all() if one.container == kernel.container]
        (port,) = [one for one in box.ports if one.found.port == PORT]
        assert port.found.label == "Streamlit" or not port.found.label
        assert port.found.process == "ipykernel_launcher"
        kernel.run("server.shutdown(); server.server_close()")
        until(lambda: not local(kernel.container, PORT))
        until(lambda: refused(number))
        # A second time, at the same number if that is free again.
        kernel.run(SERVE.format(PORT))
        assert get(until(lambda: local(kernel.container, PORT)), "/again") == "/again"
        container = kernel.container
    until(lambda: not local(container, PORT))


def test_who_listens_for_one_caller_is_called_by_nobody_else(devbox):
    with devbox.kernel(name="one-caller") as kernel:
        assert kernel.run(ONE_CALLER.format(PORT)).reply["status"] == "ok"
        until(lambda: local(kernel.container, PORT))
        assert kernel.run(CALLED).text == "nobody\n"


def test_two_boxes_with_one_port(devbox):
    other = devbox.root / "other"
    other.mkdir()
    with devbox.kernel(name="one") as first, devbox.kernel(name="two", project=other) as second:
        numbers = []
        for kernel in (first, second):
            kernel.run(SERVE.format(PORT))
            numbers.append(until(lambda kernel=kernel: local(kernel.container, PORT)))
        assert first.container != second.container
        assert len({*numbers}) == 2
        assert [get(n, f"/{n}") for n in numbers] == [f"/{n}" for n in numbers]


@contextmanager
def running(devbox, program, **changes):
    """A program in a box of its own, and how that is reached."""
    spec = devbox.spec(**changes)
    box, runtime = open_box(devbox.engine, spec, base=devbox.runtime, host=os.environ)
    stream = devbox.engine.stream(
        box.id, ExecSpec(command=("python3", "-u", "-c", program), stdin=True)
    )
    try:
        assert stream.read().startswith(b"up")
        info = devbox.engine.container(box.id)
        yield box_way(info, runtime), runtime
    finally:
        stream.close()
        devbox.engine.remove(box.id)


@contextmanager
def forwarded(devbox, way, **options):
    one = Forwarding(devbox.engine, way, **options)
    thread = threading.Thread(target=one.serve)
    thread.start()
    try:
        assert one.wait(SECONDS)
        yield one
    finally:
        one.close()
        thread.join(SECONDS)
        assert not thread.is_alive()


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_without_a_network(devbox, address):
    program = ECHO.format(address, PORT)
    with running(devbox, program, network="none") as (way, runtime):
        assert way.shared == (devbox.transport == "mount")
        (found,) = find_ports(devbox.engine, way)
        assert (found.port, found.address, found.process) == (PORT, address, "python3")
        with forwarded(devbox, way) as one:
            (port,) = one.ports
            assert recorded(runtime) == {PORT: port.local}
            with socket.create_connection((LOOPBACK, port.local), SECONDS) as end:
                end.sendall(b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")
                assert end.recv(100).startswith(b"GET /")
                end.sendall(b"\x81\x02hi")  # a frame of a WebSocket: to us they are bytes
                assert end.recv(100) == b"\x81\x02hi"
        assert recorded(runtime) == {}


def test_a_box_that_slept_has_its_ports_and_connections(devbox, docker_cli):
    """The freezer stops it as a machine that sleeps does: when it wakes, its clocks have jumped."""
    program = ECHO.format("127.0.0.1", PORT)
    with running(devbox, program, network="none") as (way, _), forwarded(devbox, way) as one:
        number = one.ports[0].local
        with socket.create_connection((LOOPBACK, number), SECONDS) as end:
            subprocess.run([docker_cli, "pause", way.container], check=True, capture_output=True)
            try:
                end.sendall(b"before")
                time.sleep(3)  # several looks of the program that finds ports
            finally:
                words = [docker_cli, "unpause", way.container]
                subprocess.run(words, check=True, capture_output=True)
            assert end.recv(100) == b"before"
            assert [port.local for port in one.ports] == [number]
            end.sendall(b"after")
            assert end.recv(100) == b"after"


def test_a_client_that_has_said_all_gets_its_answer(devbox):
    """As `nc -N` and clients of HTTP/1.0 do, both ways in.

    It is more than all buffers hold, and the server begins to read late: what says that there is
    room again comes alone then, without data.
    """
    said = bytes(range(256)) * (1 << 16)
    with (
        running(devbox, GATHER.format("127.0.0.1", PORT), network="none") as (way, _),
        forwarded(devbox, way) as one,
        socket.create_connection((LOOPBACK, one.ports[0].local), SECONDS) as end,
    ):
        end.sendall(said)
        end.shutdown(socket.SHUT_WR)
        whole = b""
        while data := end.recv(1 << 16):
            whole += data
        assert whole == said


def test_a_box_that_ends_takes_its_ports_along(devbox):
    program = ECHO.format("127.0.0.1", PORT)
    with (
        running(devbox, program, network="none") as (way, _),
        forwarded(devbox, way) as one,
    ):
        number = one.ports[0].local
        with socket.create_connection((LOOPBACK, number), SECONDS) as end:
            end.sendall(b"x")
            assert end.recv(1) == b"x"
            devbox.engine.stop(way.container, 1)
            until(lambda: not one.ports)
            until(lambda: refused(number))


def test_a_box_cannot_put_a_link_where_its_host_listens(devbox):
    """The socket lies where the box may only read, and it is the box that dials."""
    attempt = (
        "import os\n"
        f"place = {SHARED_IN_BOX!r}\n"
        "for do in (lambda: os.symlink('/x', place + '/ports-x'),\n"
        "           lambda: [os.unlink(f'{place}/{n}') for n in os.listdir(place)]):\n"
        "    try:\n"
        "        do()\n"
        "        print('done')\n"
        "    except OSError as error:\n"
        "        print(error.errno)\n"
    )
    with running(devbox, ECHO.format("127.0.0.1", PORT)) as (way, _):
        spec = ExecSpec(command=("python3", "-c", attempt))
        assert devbox.engine.run(way.container, spec).stdout.split() == ["30", "30"]  # EROFS


def test_another_users_port_waits_until_it_is_asked_for(devbox):
    """A database beside the box, say: it has no password because only the box reaches it."""
    with running(devbox, ECHO.format("127.0.0.1", PORT)) as (way, _):
        stranger = replace(way, user="12345")
        with forwarded(devbox, stranger) as one:
            assert [(p.found.pid, p.local) for p in one.ports] == [(0, 0)]
        with (
            forwarded(devbox, stranger, asked=frozenset([PORT])) as one,
            socket.create_connection((LOOPBACK, one.ports[0].local), SECONDS) as end,
        ):
            end.sendall(b"x")
            assert end.recv(1) == b"x"
