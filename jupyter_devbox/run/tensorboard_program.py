"""Starts TensorBoard in this box for a folder, unless one of ours serves that folder already.

Runs in the box by the image's own Python, as text of its command line: standard library only,
Python 3.8. Prints one line of JSON::

    {"port": 6006, "version": "2.18.0", "started": true}
    {"error": "missing"}                    this Python has no TensorBoard
    {"error": "ended", "lines": ["…"]}      it ended at once; the last that it said

It listens on the box's loopback, and goes on when this program has ended.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import sys
import tempfile
import time
from importlib import metadata

MARK = "JUPYTER_DEVBOX_TENSORBOARD"
"""Variable of the TensorBoards that this program started: port and folder."""

_FIRST, _TRIES = 6006, 100
_SECONDS = 60.0
_LOOK = 0.05
_LINES, _LONGEST = 5, 300


def running(folder: str) -> int:
    """Return the port at which one of ours serves a folder; 0 if none does."""
    for name in os.listdir("/proc"):  # noqa: PTH208  # alike in the older Pythons of boxes
        try:
            with open(f"/proc/{name}/environ", "rb") as file:  # noqa: PTH123
                said = file.read().split(b"\0")
        except OSError:  # no process, another user's, or gone
            continue
        for word in said:
            variable, _, value = os.fsdecode(word).partition("=")
            port, _, served = value.partition(":")
            if variable == MARK and served == folder and port.isdigit() and answers(int(port)):
                return int(port)
    return 0


def answers(port: int) -> bool:
    """Tell whether something listens on a port of the box's loopback."""
    with socket.socket() as end:
        end.settimeout(1)
        return end.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """Return TensorBoard's usual port, or the next that nothing listens on."""
    for port in range(_FIRST, _FIRST + _TRIES):
        with socket.socket() as end:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                end.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    return 0


def start(folder: str, port: int, output: int) -> int:
    """Start TensorBoard in a session of its own, and return its process."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        words = ["-m", "tensorboard.main", "--logdir", folder, "--host", "127.0.0.1"]
        env = {**os.environ, MARK: f"{port}:{folder}"}
        os.execve(sys.executable, [sys.executable, *words, "--port", str(port)], env)  # noqa: S606
    finally:
        os._exit(126)


def serve(folder: str) -> dict[str, object]:
    """Return what is to be said about a folder, after TensorBoard listens."""
    if importlib.util.find_spec("tensorboard") is None:
        return {"error": "missing"}
    version = metadata.version("tensorboard")
    if port := running(folder):
        return {"port": port, "version": version, "started": False}
    output, log = tempfile.mkstemp(prefix="devbox-tensorboard-", suffix=".log")
    port = free_port()
    pid = start(folder, port, output)
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return {"error": "ended", "lines": last_lines(log)}
        if answers(port):
            return {"port": port, "version": version, "started": True}
        time.sleep(_LOOK)
    os.kill(pid, 9)
    return {"error": "silent", "lines": last_lines(log)}


def last_lines(log: str) -> list[str]:
    """Return the end of a file, and remove that."""
    with open(log, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        said = file.read().splitlines()
    os.unlink(log)  # noqa: PTH108
    return [line[:_LONGEST] for line in said[-_LINES:]]


if __name__ == "__main__":
    print(json.dumps(serve(sys.argv[1])))  # noqa: T201
