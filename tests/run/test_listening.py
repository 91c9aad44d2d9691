"""The host's ear: one line a caller, and no caller can hold it up, flood it or fill its memory."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
import time
from pathlib import Path

import pytest

from jupyter_devbox.run.listening import CONNECTIONS, HOST_SOCKET, REQUESTS, Listener, Listeners
from jupyter_devbox.run.runtime_dir import open_runtime_dir
from jupyter_devbox.spec.asking import LONGEST, Reply


@pytest.fixture
def runtime():
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="jdb-t-") as folder:
        yield open_runtime_dir("abcd1234", uid=os.getuid(), gid=os.getgid(), base=Path(folder))


def echo(line: bytes) -> Reply:
    return Reply(state="current", message=str(len(line)))


@pytest.fixture
def listener(runtime):
    mine = Listener(runtime, echo)
    mine.start()
    yield mine
    mine.stop()


def call(runtime, *parts: bytes, seconds: float = 10.0) -> bytes:
    """Dial, send, and return all that comes back."""
    with dial(runtime) as end:
        end.settimeout(seconds)
        for part in parts:
            end.sendall(part)
        said = b""
        while chunk := end.recv(4096):
            said += chunk
    return said


def flood(end: socket.socket, size: int) -> int:
    """Send until the other side hangs up, and return how many bytes went."""
    end.settimeout(10)
    sent = 0
    while sent < size:
        try:
            sent += end.send(b"[" * 2**16)
        except (BrokenPipeError, ConnectionResetError):
            break
    return sent


def dial(runtime) -> socket.socket:
    deadline = time.monotonic() + 5
    while True:
        end = socket.socket(socket.AF_UNIX)
        try:
            end.connect(str(runtime.shared / HOST_SOCKET))
        except (FileNotFoundError, ConnectionRefusedError):
            end.close()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        else:
            return end


def test_a_line_is_answered(runtime, listener):
    assert json.loads(call(runtime, b"hel", b"lo\n"))["message"] == "5"
    assert (runtime.shared / HOST_SOCKET).stat().st_mode & 0o777 == 0o600


def test_more_than_a_request_may_have_is_not_read(runtime, listener):
    """A gigabyte of JSON: what is beyond the limit is never taken in."""
    with dial(runtime) as end:
        sent = flood(end, 2**30)
    assert sent < 2**22  # what the kernel's buffers hold
    assert json.loads(call(runtime, b"x" * LONGEST + b"\n"))["message"] == str(LONGEST)


def test_eleven_in_a_second_are_too_many(runtime, listener):
    call(runtime, b"warm\n")
    time.sleep(1.1)
    said = [json.loads(call(runtime, b"x\n"))["state"] for _ in range(REQUESTS + 1)]
    assert said == ["current"] * REQUESTS + ["failed"]
    time.sleep(1.1)
    assert json.loads(call(runtime, b"x\n"))["state"] == "current"


def test_callers_that_say_nothing_keep_nobody_out_for_long(runtime, listener):
    silent = [dial(runtime) for _ in range(CONNECTIONS + 3)]
    before = threading.active_count()
    assert before < 60
    deadline = time.monotonic() + 15
    answer = b""
    while not answer and time.monotonic() < deadline:
        try:
            answer = call(runtime, b"x\n")
        except ConnectionError:
            time.sleep(0.1)
    assert json.loads(answer)["state"] == "current"
    for end in silent:
        end.close()


def test_a_second_listener_takes_over_when_the_first_ends(runtime):
    first = Listener(runtime, lambda _: Reply(state="current", message="first"))
    second = Listener(runtime, lambda _: Reply(state="current", message="second"))
    first.start()
    assert json.loads(call(runtime, b"x\n"))["message"] == "first"
    second.start()
    time.sleep(0.5)
    assert json.loads(call(runtime, b"x\n"))["message"] == "first"
    first.stop()
    assert json.loads(call(runtime, b"x\n"))["message"] == "second"
    second.stop()
    assert not (runtime.shared / HOST_SOCKET).exists()


def test_a_killed_listeners_socket_is_replaced(runtime):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(runtime.shared / HOST_SOCKET))
    mine = Listener(runtime, echo)
    mine.start()
    assert call(runtime, b"x\n")
    mine.stop()


def test_a_removed_folder_ends_the_listener(runtime):
    mine = Listener(runtime, echo)
    mine.start()
    call(runtime, b"x\n")
    runtime.remove()
    mine.stop()
    assert not mine._thread.is_alive()


def test_held_as_often_as_kernels_use_it(runtime):
    mine = Listeners()
    mine.hold(runtime, echo)
    mine.hold(runtime, echo)
    mine.release(runtime)
    assert call(runtime, b"x\n")
    mine.release(runtime)
    assert not (runtime.shared / HOST_SOCKET).exists()
    mine.release(runtime)
    mine.hold(runtime, echo)
    assert call(runtime, b"x\n")
    mine.release(runtime)
