"""A stream from end to end on this machine: the box is a process, the kernel a small server."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from jupyter_devbox.errors import EngineError, TransportError
from jupyter_devbox.run import stream
from jupyter_devbox.run.frames import MOST_CHANNELS, WINDOW
from jupyter_devbox.run.kernel import KernelProcess, await_sockets

SECONDS = 30
PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
CONNECTION = {**{name: n for n, name in enumerate(PORTS, 1)}, "key": "secret"}

# Echoes on every socket but 2, which says more than anybody reads.
KERNEL = """
import json, os, signal, socket, sys, threading, time
known = json.load(open(sys.argv[-1]))
signal.signal(signal.SIGUSR1, lambda *_: os._exit(5))
def serve(number):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{known['ip']}-{number}")
    listener.listen()
    while True:
        end, _ = listener.accept()
        threading.Thread(target=talk, args=(end, number), daemon=True).start()
def talk(end, number):
    while data := end.recv(65536):
        while number == 2:
            end.sendall(b"x" * 65536)
        end.sendall(data)
    end.close()
for number in range(1, 6):
    threading.Thread(target=serve, args=(number,)).start()
print("up", os.getcwd(), os.environ.get("MINE"), flush=True)
while True:
    time.sleep(0.02)  # Python handles signals in its main thread, between two steps
"""


class Process:
    """Satisfies `ExecStream`, without a container."""

    def __init__(self, command, env):
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **env},
            bufsize=0,
        )
        self.pid = self._process.pid

    def write(self, data):
        try:
            while data:
                data = data[self._process.stdin.write(data) :]
        except (OSError, ValueError) as error:
            raise EngineError("ended") from error

    def read(self):
        try:
            return self._process.stdout.read(65536)
        except ValueError:
            return b""

    def stderr(self):
        return self._process.stderr.read().decode()

    def close(self):
        if not self._process.stdin.closed:
            self._process.stdin.close()

    def wait(self):
        code = self._process.wait(SECONDS)
        self.close()
        self._process.stdout.close()
        self._process.stderr.close()
        return code


class Local:
    """As much of an engine as a stream needs."""

    def __init__(self):
        self.streams = []
        self.program = ()

    def stream(self, container, spec):
        command = self.program or (sys.executable, *spec.command[1:])
        self.streams.append(Process(command, spec.env))
        return self.streams[-1]


@pytest.fixture
def local():
    engine = Local()
    yield engine
    for each in engine.streams:
        each.close()
        each.wait()


class Kernel:
    def __init__(self, local, runtime, code=KERNEL, folder="/"):
        self.local, self.runtime = local, runtime
        command = (sys.executable, "-S", "-c", code)
        self.channel = stream.stream_kernel(
            local,
            "c",
            runtime,
            "k",
            connection=CONNECTION,
            folder=folder,
            command=command,
            env={"MINE": "mine"},
        )
        self.process = KernelProcess(self.channel)
        self.sockets = [runtime.sockets / f"k-{n}" for n in range(1, 6)]

    def up(self):
        assert await_sockets(self.process, self.sockets, SECONDS), self.process.error
        return self

    def dial(self, number):
        end = socket.socket(socket.AF_UNIX)
        end.settimeout(SECONDS)
        end.connect(str(self.sockets[number - 1]))
        return end

    @property
    def log(self):
        return (self.runtime.sockets / "k.log").read_text()


@contextmanager
def running(*arguments, **options):
    kernel = Kernel(*arguments, **options)
    try:
        yield kernel
    finally:
        kernel.process.close()


def exactly(end, size):
    data = b""
    while len(data) < size:
        part = end.recv(size - len(data))
        assert part, "hung up"
        data += part
    return data


def boxes_folders():
    return set(Path("/tmp").glob("devbox-kernel-*"))


def test_bytes_go_both_ways_on_every_socket(local, runtime):
    with running(local, runtime) as kernel:
        kernel.up()
        for number in (1, 3, 4, 5):
            with kernel.dial(number) as end:
                end.sendall(b"hello %d" % number)
                assert exactly(end, 7) == b"hello %d" % number


def test_several_clients_and_large_messages(local, runtime):
    with running(local, runtime) as kernel:
        kernel.up()
        ends = [kernel.dial(1) for _ in range(8)]
        data = os.urandom(3 * WINDOW)
        got = {}

        def fetch(end):
            got[end] = exactly(end, len(data))

        threads = [threading.Thread(target=fetch, args=(end,)) for end in ends]
        threads += [threading.Thread(target=end.sendall, args=(data,)) for end in ends]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS)
        assert [got[end] == data for end in ends] == [True] * 8
        for end in ends:
            end.close()


def test_a_client_that_does_not_read_stops_nobody_else(local, runtime):
    with running(local, runtime) as kernel:
        kernel.up()
        with kernel.dial(2) as deaf, kernel.dial(5) as heart:
            deaf.sendall(b"go")
            time.sleep(0.5)  # by now every buffer on its way is full
            worst = 0.0
            for _ in range(20):
                begin = time.monotonic()
                heart.sendall(b"beat")
                assert exactly(heart, 4) == b"beat"
                worst = max(worst, time.monotonic() - begin)
            assert worst < 2
            pending = [len(c.pending) for c in kernel.channel._clients.values()]
            assert max(pending) <= WINDOW
            kernel.process.send_signal(signal.SIGUSR1)
            assert kernel.process.wait(SECONDS) == 5


def test_a_client_that_hangs_up_is_forgotten(local, runtime):
    with running(local, runtime) as kernel:
        kernel.up()
        for _ in range(2 * MOST_CHANNELS):
            with kernel.dial(1) as end:
                end.sendall(b"x")
                assert exactly(end, 1) == b"x"
        deadline = time.monotonic() + SECONDS
        while kernel.channel._mux._channels and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not kernel.channel._mux._channels


def test_more_clients_than_channels_are_sent_away(local, runtime):
    with running(local, runtime) as kernel:
        kernel.up()
        ends = []
        for _ in range(MOST_CHANNELS + 3):
            ends.append(kernel.dial(1))
            time.sleep(0.001)  # the backlog of a socket is short
        assert [end.recv(1) for end in ends[MOST_CHANNELS:]] == [b""] * 3
        ends[0].sendall(b"x")
        assert exactly(ends[0], 1) == b"x"
        for end in ends:
            end.close()


def test_environment_folder_and_last_words(local, runtime, tmp_path):
    before = boxes_folders()
    with running(local, runtime, folder=str(tmp_path)) as kernel:
        kernel.up()
        (folder,) = boxes_folders() - before
        assert folder.stat().st_mode & 0o777 == 0o700
        assert json.loads((folder / "connection.json").read_text())["key"] == "secret"
        assert {p.stat().st_mode & 0o077 for p in folder.glob("*.json")} == {0}
        kernel.process.terminate()
        assert kernel.process.wait(SECONDS) == -signal.SIGTERM
        assert kernel.log == f"up {tmp_path} mine\n"
        assert not folder.exists()


def test_the_end_of_the_stream_ends_the_kernel(local, runtime):
    before = boxes_folders()
    with running(local, runtime) as kernel:
        kernel.up()
        pid = kernel.process.pid
        kernel.process.close()
        local.streams[0].wait()
        assert not Path(f"/proc/{pid}").exists()
        assert boxes_folders() == before


def test_what_was_said_before_the_end_arrives(local, runtime):
    code = KERNEL.replace("end.sendall(data)", "end.sendall(b'y' * 150000); os._exit(3)")
    with running(local, runtime, code) as kernel:
        kernel.up()
        with kernel.dial(1) as end:
            end.sendall(b"go")
            assert exactly(end, 150000) == b"y" * 150000
            assert end.recv(1) == b""
        assert kernel.process.wait(SECONDS) == 3


def test_a_kernel_that_never_listens(local, runtime):
    with running(local, runtime, "print('no kernel'); raise SystemExit(4)") as kernel:
        assert not await_sockets(kernel.process, kernel.sockets, SECONDS)
        assert kernel.process.wait(SECONDS) == 4
        assert kernel.log == "no kernel\n"
        assert list(runtime.sockets.glob("k-*")) == []


def test_a_kernel_that_hangs_up_while_more_comes(local, runtime):
    """The launcher outlives it, says how the kernel ended and leaves nothing."""
    before = boxes_folders()
    code = KERNEL.replace("end.sendall(data)", "end.close(); break")
    with running(local, runtime, code) as kernel:
        kernel.up()
        for _ in range(20):
            with kernel.dial(1) as end, suppress(OSError):
                end.sendall(b"x" * (1 << 20))
        kernel.process.send_signal(signal.SIGUSR1)
        assert kernel.process.wait(SECONDS) == 5
        assert boxes_folders() == before


def test_a_folder_that_is_not_there(local, runtime):
    with running(local, runtime, folder="/nonexistent") as kernel:
        assert kernel.process.wait(SECONDS) == 126
        assert kernel.process.error == "No such file or directory: /nonexistent"


def test_probe(local):
    stream.probe_stream(local, "c")
    assert local.streams[0].wait() == 0


def test_probe_of_a_box_without_python(local):
    local.program = ("sh", "-c", "echo no python3 here; exit 127")
    with pytest.raises(TransportError, match="no Python") as caught:
        stream.probe_stream(local, "0123456789abcdef")
    assert caught.value.details == ("no python3 here",)
