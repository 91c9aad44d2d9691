"""A box's main process: ends the box when nobody uses it, and starts launchers for hosts that ask.

Runs in the box like `launcher`, which it consists of besides this, with Python 3.8 or later.

A host asks by a line in the box's FIFO beside the setting: the path of a socket on which it
listens. A launcher forked from here dials that and is told what to run. It saves the engine's exec
and a start of Python: 24 ms are added to a kernel's start instead of 90 (benchmarks/README.md).
Anything in the box may write into the FIFO, and gets no more by it than it can do by itself.
"""

from __future__ import annotations

import os
import select
import signal
import socket  # noqa: F401  # `_dial` needs it: imported once here, not by each launcher

from jupyter_devbox.run.launcher import (
    _FAILED,
    _KERNEL_MARK,
    _dial,
    _processes,
    _receive,
    _say,
    _signal_group,
    _stat,
    count_others,
    run_kernel,
)

LOOK = 5.0
"""Seconds between looks at what runs in the box: a look takes 2 ms."""

_LONGEST = 4096
"""Bytes that are written into a FIFO in one piece: PIPE_BUF, see pipe(7)."""


class Door:
    """The FIFO in which hosts ask: boxes share a folder, so its name has the box's (see `forked`).

    A box that was given a name of its own, or shares no folder with its host, has none.
    """

    def __init__(self, folder: str) -> None:
        path = f"{folder}/launch-{os.uname().nodename}"
        self.watched: list[int] = []
        self._begun = b""
        try:  # for writing, too: else it would be at its end whenever no host has it open
            self.watched.append(os.open(path, os.O_RDWR | os.O_NONBLOCK))
        except OSError:
            return

    def calls(self) -> list[str]:
        """Return the sockets that hosts wait at."""
        try:
            found = os.read(self.watched[0], _LONGEST)
        except BlockingIOError:  # something else in the box has read it
            return []
        *calls, begun = (self._begun + found).split(b"\n")
        self._begun = begun[-_LONGEST:]
        return [os.fsdecode(call) for call in calls]

    def close(self) -> None:
        """Let go of it, in a child."""
        for descriptor in self.watched:
            os.close(descriptor)


def main(arguments: list[str]) -> int:
    """Be the box's main process until nothing else has run in it for a while.

    It also ends kernels whose launcher was killed: nobody would hear of them any more.

    Parameters
    ----------
    arguments
        The file with the seconds; the host may change it. 0 means for ever.
    """
    (setting,) = arguments
    signal.signal(signal.SIGCHLD, _reap)
    door = Door(os.path.dirname(setting))  # noqa: PTH120  # pathlib costs 8 ms
    quiet = 0.0
    while True:
        limit = _seconds(setting)
        pause = min(LOOK, limit or LOOK)
        # By a clock that stands still while a laptop sleeps; another would jump.
        if select.select(door.watched, [], [], pause)[0]:
            for call in door.calls():
                _fork_launcher(call, door)
            quiet = 0.0
            continue
        end_orphans()
        quiet = 0.0 if count_others() else quiet + pause
        if limit and quiet >= limit:
            return 0


def _seconds(setting: str) -> float:
    """Return the number in a file; 0 where there is none."""
    try:
        with open(setting, encoding="ascii") as file:  # noqa: PTH123
            return max(0.0, float(file.read(32)))
    except (OSError, ValueError):
        return 0.0


def _reap(*_: object) -> None:
    """Take leave of the children that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:  # there is none left
        return


def _fork_launcher(path: str, door: Door) -> None:
    """Fork a launcher that dials the host and does what it is told."""
    try:
        if os.fork():
            return
    except OSError as error:  # the box has all the processes that it may have
        _refuse(path, f"error {error.strerror}: the kernel's launcher")
        return
    code = _FAILED
    try:
        door.close()
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        code = _run_asked(_dial(path))
    except (OSError, ValueError) as error:  # the host sees its call end
        _say(2, f"no kernel was started for {path}: {error}")
    finally:
        os._exit(code)


def _refuse(path: str, line: str) -> None:
    """Tell the host why there is no launcher."""
    try:
        end = _dial(path)
    except OSError:
        return
    _say(end, line)
    os.close(end)


def _run_asked(end: int) -> int:
    """Run the kernel that the host at the other end asks for.

    It sends eight hexadecimal digits and as many bytes: variables and, after an empty one, LOG
    FOLDER CONNECTION COMMAND…, with a zero byte between any two. Signals follow.
    """
    words = os.fsdecode(_exactly(end, int(_exactly(end, 8), 16))).split("\0")
    last = words.index("")
    os.environ.update(word.partition("=")[::2] for word in words[:last])
    log, folder, connection, *command = words[last + 1 :]
    return run_kernel(lambda: (end, end), log, folder, connection, command)


def _exactly(source: int, size: int) -> bytes:
    """Return that many bytes; raise ConnectionError if the host hangs up before."""
    found = b""
    while len(found) < size:
        chunk = _receive(source, size - len(found))
        if not chunk:
            msg = "the host hung up"
            raise ConnectionError(msg)
        found += chunk
    return found


def end_orphans() -> None:
    """End the kernels that have lost their launcher: process 1 is their parent now."""
    for name in _processes():
        fields = _stat(name)
        if fields and fields[1] == "1" and _is_kernel(name):
            _signal_group(int(name), signal.SIGKILL)


def _is_kernel(name: str) -> bool:
    """Tell whether a launcher of ours started this very process; its children have its mark too."""
    try:
        with open(f"/proc/{name}/environ", "rb") as file:  # noqa: PTH123
            return f"{_KERNEL_MARK}={name}".encode() in file.read().split(b"\0")
    except OSError:
        return False
