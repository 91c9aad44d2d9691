"""Ports of a box through this machine's loopback, against a connection within the box.

::

    python -m benchmarks.ports [--runs N] [--json]

Each ratio is the median over interleaved runs. The box has no network at all.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.table import head, row
from jupyter_devbox.engine.base import Engine, ExecStream
from jupyter_devbox.engine.detect import connect
from jupyter_devbox.run.forwarding import Forwarding, Way
from jupyter_devbox.run.runtime_dir import RuntimeDir, open_runtime_dir
from jupyter_devbox.spec.container import ContainerSpec, ExecSpec

IMAGE = "python:3.11-slim-bookworm"
PORT = 9000
BYTES = 200_000_000
REQUESTS = 200
GOALS = {
    "200 MB by sockets passed over ÷ a connection within the box": 0.35,
    "200 MB over the exec stream ÷ that stream's own echo": 0.8,
    "a request more by sockets passed over, ms": 3,
    "a request more over the exec stream, ms": 3,
    "a new port known after `listen`, s": 2,
}

_SERVER = """
import socket, threading
block = bytes(1 << 20)
def talk(end):
    with end:
        while asked := end.recv(16):
            left = int(asked)
            while left:
                part = block[:left] if left < len(block) else block
                end.sendall(part)
                left -= len(part)
listener = socket.create_server(("127.0.0.1", 9000), backlog=128)
print("up", flush=True)
while True:
    threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()
"""
_CLIENT = """
def fetch(port, count):
    import socket, time
    buffer = bytearray(1 << 18)
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as end:
        end.sendall(str(count).encode().ljust(16))
        while count > 0:
            count -= end.recv_into(buffer) or 1 << 62
    return time.perf_counter() - began
"""
_LISTEN = """
import socket
listener = socket.create_server(("127.0.0.1", 0))
print("up", flush=True)
input()
"""
_ECHO = """
import os
while data := os.read(0, 65536):
    view = memoryview(data)
    while view:
        view = view[os.write(1, view):]
"""


def main() -> int:
    """Measure, print a table, and return 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    engine = connect()
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="jdb-b-") as base:
        runtime = open_runtime_dir("box", uid=os.getuid(), gid=os.getgid(), base=Path(base))
        with _box(engine, runtime) as container:
            found = _measure(engine, container, runtime, options.runs)
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        head()
        for what, value in found.items():
            row(what, f"{value:.2f}", f"{'≥' if '÷' in what else '≤'} {GOALS[what]}")
    return 0


def _measure(engine: Engine, container: str, runtime: RuntimeDir, runs: int) -> dict[str, float]:
    values: dict[str, list[float]] = {what: [] for what in GOALS}
    names = list(GOALS)
    for shared in (True, False):
        way = Way(container=container, runtime=runtime, shared=shared)
        with _forwarded(engine, way) as local:
            for _ in range(runs):
                reference = (
                    _inside(engine, container, BYTES) if shared else _echo(engine, container)
                )
                values[names[0 if shared else 1]].append(reference / _here(local, BYTES))
                more = _here(local, 100, REQUESTS) - _inside(engine, container, 100, REQUESTS)
                values[names[2 if shared else 3]].append(1000 * more / REQUESTS)
    for _ in range(runs):
        values[names[4]].append(_noticed(engine, container, runtime))
    return {what: statistics.median(each) for what, each in values.items()}


def _call(count: int, times: int) -> str:
    """Return the program that fetches so many bytes, so often, and prints the seconds."""
    return f"{_CLIENT}\nprint(sum(fetch({{port}}, {count}) for _ in range({times})))"


def _here(port: int, count: int, times: int = 1) -> float:
    """Return the seconds that a client on this machine takes: a process, as a browser is."""
    program = _call(count, times).format(port=port)
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def _inside(engine: Engine, container: str, count: int, times: int = 1) -> float:
    """Return the seconds that a client in the box takes."""
    program = _call(count, times).format(port=PORT)
    return float(engine.run(container, ExecSpec(command=("python3", "-c", program))).stdout)


def _echo(engine: Engine, container: str) -> float:
    """Return the seconds that an exec stream takes to bring back what it is given."""
    stream = engine.stream(container, ExecSpec(command=("python3", "-c", _ECHO), stdin=True))
    block = bytes(1 << 16)

    def write() -> None:
        for _ in range(BYTES // len(block)):
            stream.write(block)
        stream.close_stdin()

    writer = threading.Thread(target=write)
    began = time.perf_counter()
    writer.start()
    while stream.read():
        pass
    took = time.perf_counter() - began
    writer.join()
    stream.close()
    return took


def _noticed(engine: Engine, container: str, runtime: RuntimeDir) -> float:
    """Return the seconds from a program's `listen` until its port is forwarded."""
    seen = threading.Event()
    way = Way(container=container, runtime=runtime, shared=True)
    with _forwarded(engine, way, seen.set):
        seen.clear()
        with _running(engine, container, _LISTEN):
            began = time.perf_counter()
            seen.wait(30)
            return time.perf_counter() - began


@contextmanager
def _forwarded(
    engine: Engine, way: Way, on_change: Callable[[], None] = lambda: None
) -> Iterator[int]:
    """Forward the box's ports; yield the number of the server's."""
    one = Forwarding(engine, way, on_change=on_change)
    thread = threading.Thread(target=one.serve)
    thread.start()
    try:
        one.wait(30)
        yield next(port.local for port in one.ports if port.found.port == PORT)
    finally:
        one.close()
        thread.join()


@contextmanager
def _box(engine: Engine, runtime: RuntimeDir) -> Iterator[str]:
    """Run a container with the server in it."""
    image = engine.image(IMAGE)
    if image is None:
        message = f"the base image is missing: {IMAGE}"
        raise RuntimeError(message)
    spec = ContainerSpec(
        image=image.id, command=("sleep", "3600"), network="none", mounts=runtime.mounts(),
        user=f"{os.getuid()}:{os.getgid()}",
    )  # fmt: skip
    container = engine.create(spec)
    try:
        engine.start(container)
        with _running(engine, container, _SERVER):
            yield container
    finally:
        engine.remove(container)


@contextmanager
def _running(engine: Engine, container: str, code: str) -> Iterator[ExecStream]:
    """Run a program that says when it is up."""
    stream = engine.stream(container, ExecSpec(command=("python3", "-c", code), stdin=True))
    try:
        stream.read()
        yield stream
    finally:
        stream.close()


if __name__ == "__main__":
    sys.exit(main())
