"""The launcher where a box can't dial the host: all of a kernel's traffic on one exec stream.

Runs in the box like `launcher`, and like it needs nothing but Python 3.8's standard library. It
comes through the stream itself (see `stream`), so it leaves no file; the kernel's sockets,
connection file and log lie in a folder that is this user's alone and goes with the kernel.

Standard input and output carry the frames of `frames`. The kernel is the child of this process:
the end of standard input ends it with its process group.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import stat
import sys
import time

from jupyter_devbox.run.frames import (
    CLOSE,
    DATA,
    END,
    HELLO,
    HOST_VARIABLE,
    LARGEST,
    LINE,
    LOG,
    OPEN,
    REQUESTS,
    SIGNAL,
    VERSION,
    FrameError,
    Multiplexer,
)
from jupyter_devbox.run.launcher import (
    _FAILED,
    _become,
    _end,
    _signal_group,
    dumped_core,
    memory_kills,
    start_time,
)

PLACE = "@FOLDER@"
"""Stands for the private folder in the connection file that the host sends."""

_FOLDERS = ("/tmp", "/dev/shm", os.environ.get("HOME", "/"))  # noqa: S108  # see `_private_folder`
_SOCKET = "kernel"
_HOST = "host"
_BACKLOG = 4 * LARGEST
_POLL_MS = 3
_LAST_MS = 500
_LAST_SECONDS = 2.0


class Stream:
    """Standard input and output as the host's channels."""

    HALVES = False
    """Whether one direction of a connection here may end and the other go on."""

    def __init__(self, folder: str, sockets: list[str]) -> None:
        self._mux = Multiplexer(host=False)
        self._folder = folder
        self._sockets = sockets
        self._ends: dict[int, socket.socket] = {}
        self._pending: dict[int, bytearray] = {}
        self._closing: set[int] = set()
        self._ending: set[int] = set()  # the host says no more, which its end here is not told yet
        self._shut: set[int] = set()  # and these ends are
        self._listener: socket.socket | None = None
        self._frame = memoryview(b"")
        self.signals: list[int] = []
        self.host = True
        for descriptor in (0, 1):
            os.set_blocking(descriptor, False)
        self._mux.tell(HELLO, VERSION)

    def say(self, line: str) -> None:
        """Queue a line for the host."""
        self._mux.tell(LINE, line.encode(errors="replace")[:1000])

    def send_log(self, path: str) -> None:
        """Queue the end of the kernel's output."""
        try:
            with open(path, "rb") as file:  # noqa: PTH123  # pathlib costs 8 ms
                file.seek(max(0, os.fstat(file.fileno()).st_size - LARGEST))
                self._mux.tell(LOG, file.read(LARGEST))
        except OSError:
            return

    def listen(self, path: str) -> None:
        """Carry what comes to a socket to the host's: the kernel asks for something there."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        self._listener.setblocking(False)  # noqa: FBT003  # the standard library's signature

    def bound(self) -> bool:
        """Tell whether the kernel listens on all its sockets."""
        try:
            return all(stat.S_ISSOCK(os.lstat(path).st_mode) for path in self._sockets)
        except OSError:
            return False

    def turn(self, milliseconds: int | None, also: int = -1) -> bool:
        """Wait for something to do and do it; return whether there was anything.

        Parameters
        ----------
        also
            One more descriptor to wake up for.
        """
        poll = self._watch()
        if also >= 0:
            poll.register(also, select.POLLIN)
        ready = dict(poll.poll(milliseconds))
        if 0 in ready:
            self._hear()
        for channel, end in list(self._ends.items()):
            happened = ready.get(end.fileno(), 0)
            if happened & select.POLLOUT:
                self._pass_on(channel)
                self._shut_down(channel)
            if happened & ~select.POLLOUT:
                self._fetch(channel)
        if self._listener is not None and self._listener.fileno() in ready:
            self._accept(self._listener)
        if 1 in ready:
            self._write()
        return bool(ready)

    def _watch(self) -> select.poll:
        """Look out for what each end can do now."""
        poll = select.poll()
        if self.host:
            poll.register(0, select.POLLIN)
            if self._frame or self._refill():
                poll.register(1, select.POLLOUT)
        if self._listener is not None and self.host:
            poll.register(self._listener, select.POLLIN)
        for channel, end in self._ends.items():
            waiting = self._pending[channel] or channel in self._ending
            wanted = select.POLLOUT if waiting else 0
            if self._mux.backlog < _BACKLOG and self._mux.room(channel):
                wanted |= select.POLLIN
            if wanted:
                poll.register(end, wanted)
        return poll

    def finish(self) -> None:
        """Send what an ended kernel has left in its sockets, as far as the host takes it."""
        deadline = time.monotonic() + _LAST_SECONDS
        while self.host and self.turn(_LAST_MS if self._frame else 0):
            if time.monotonic() > deadline:
                return

    def flush(self) -> None:
        """Send what is queued, unless the host takes nothing for a while."""
        while self.host and (self._frame or self._refill()) and self.turn(_LAST_MS):
            pass

    def _refill(self) -> bool:
        self._frame = memoryview(self._mux.take())
        return bool(self._frame)

    def _hear(self) -> None:
        """Take in what the host says; its end, or nonsense, is the end."""
        try:
            data = os.read(0, LARGEST)
            events = self._mux.receive(data)
        except BlockingIOError:
            return
        except (OSError, FrameError):
            data, events = b"", []
        self.host = bool(data)
        for kind, channel, payload in events:
            if kind == SIGNAL:
                self.signals += payload
            elif kind == OPEN:
                self._dial(channel, payload)
            elif kind == DATA and channel in self._pending:  # else the kernel has hung up just now
                self._pending[channel] += payload
                self._pass_on(channel)
            elif kind == END and channel in self._ends:
                self._ending.add(channel)  # told once it can be written to, so that it is connected
            elif kind == CLOSE and channel in self._ends:
                self._closing.add(channel)
                self._pass_on(channel)

    def _accept(self, listener: socket.socket) -> None:
        """Open a channel to the host for who asks; with too many open, hang up."""
        try:
            end, _ = listener.accept()
        except OSError:
            return
        end.setblocking(False)  # noqa: FBT003  # the standard library's signature
        channel = self._mux.open(REQUESTS.decode())
        if channel:
            self._ends[channel], self._pending[channel] = end, bytearray()
        else:
            end.close()

    def _dial(self, channel: int, address: bytes) -> None:
        """Connect a channel to one of the kernel's sockets; to nothing else."""
        path = os.path.join(self._folder, address.decode(errors="replace").replace("/", "-", 1))  # noqa: PTH118
        end = socket.socket(socket.AF_UNIX)
        end.setblocking(False)  # noqa: FBT003  # the standard library's signature
        try:
            if path not in self._sockets:
                raise FileNotFoundError
            end.connect(path)
        except OSError:
            end.close()
            self._mux.close(channel)
            return
        self._ends[channel], self._pending[channel] = end, bytearray()

    def _pass_on(self, channel: int) -> None:
        """Write to the kernel what has come for it."""
        end, pending = self._ends.get(channel), self._pending.get(channel)
        if end is None or pending is None:
            return
        try:
            count = end.send(pending) if pending else 0
        except BlockingIOError:
            return
        except OSError:
            self._drop(channel)
            return
        del pending[:count]
        self._mux.consumed(channel, count)
        if channel in self._closing and not pending:
            self._drop(channel)

    def _shut_down(self, channel: int) -> None:
        """Tell the kernel that no more comes, once it has all that did."""
        if channel not in self._ending or self._pending[channel]:
            return
        if self._mux.has_ended(channel):  # both have said all
            self._drop(channel)
            return
        self._ending.discard(channel)
        self._shut.add(channel)
        try:
            self._ends[channel].shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(channel)

    def _fetch(self, channel: int) -> None:
        """Read from the kernel what the channel has room for."""
        end = self._ends.get(channel)
        room = self._mux.room(channel)
        while end is not None and room and self._mux.backlog < _BACKLOG:
            try:
                data = end.recv(room)
            except BlockingIOError:
                return
            except OSError:
                self._drop(channel)
                return
            if not data:
                if self.HALVES and channel not in self._shut:
                    self._mux.end(channel)
                else:
                    self._drop(channel)
                return
            self._mux.send(channel, data)
            room = self._mux.room(channel)

    def _drop(self, channel: int) -> None:
        end = self._ends.pop(channel, None)
        self._pending.pop(channel, None)
        for known in (self._closing, self._ending, self._shut):
            known.discard(channel)
        if end is not None:
            end.close()
        self._mux.close(channel)

    def _write(self) -> None:
        """Write as much as the host takes."""
        try:
            while self._frame or self._refill():
                self._frame = self._frame[os.write(1, self._frame) :]
        except BlockingIOError:
            return
        except OSError:
            self.host = False


def run_kernel(folder: str, texts: tuple[str, str], last: bool, command: list[str]) -> int:  # noqa: FBT001
    """Run a kernel to its end and return the exit code for this process.

    Parameters
    ----------
    folder
        Where the kernel works.
    texts
        The connection file's, `PLACE` standing for its sockets, and code to be run first or "".
    last
        Whether the container is to end with the kernel.
    """
    wake, woken = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    kills = memory_kills()
    private = _private_folder()
    stream = Stream(private, [f"{private}/{_SOCKET}-{number}" for number in range(1, 6)])
    try:
        os.chdir(folder)
        output = os.open(f"{private}/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        stream.listen(f"{private}/{_HOST}")
        os.environ[HOST_VARIABLE] = f"{private}/{_HOST}"
        connection, first = texts
        _write(f"{private}/connection.json", connection.replace(PLACE, f"{private}/{_SOCKET}"))
        if first:
            _write(f"{private}/first.py", first)
            command = [*command, f"--IPKernelApp.exec_files={private}/first.py"]
    except OSError as error:
        _remove(private)
        stream.say(f"error {error.strerror}: {error.filename}")
        stream.flush()
        return _FAILED
    pid = os.fork()
    if pid == 0:
        _become([*command, "-f", f"{private}/connection.json"], output)
    os.close(output)
    stream.say(f"pid {pid} {start_time(pid)}")
    try:
        _attend(pid, stream, wake)
        stream.finish()
    finally:  # whatever happens here, no kernel is left behind
        core = dumped_core(pid, f"{private}/connection.json")
        code = _end(pid)
        stream.send_log(f"{private}/log")
        _remove(private)
    if core:
        stream.say(f"core {core}")
    stream.say(f"exit {code} {memory_kills() - kills}")
    stream.flush()
    if last:
        os.kill(1, signal.SIGTERM)
    return code if code >= 0 else 128 - code


def _attend(pid: int, stream: Stream, wake: int) -> None:
    """Carry traffic and pass signals on until the kernel has ended; it is left to be reaped."""
    bound = False
    while not os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        if stream.turn(None if bound else _POLL_MS, wake):
            _drain(wake)
        if not bound and stream.bound():
            bound = True
            stream.say("bound")
        if not stream.host:
            stream.signals.append(signal.SIGKILL)
        for number in stream.signals:
            _signal_group(pid, number)
        stream.signals.clear()


def _drain(wake: int) -> None:
    """Empty the pipe that a signal writes to."""
    try:
        os.read(wake, 512)
    except BlockingIOError:
        return


def _private_folder() -> str:
    """Make a folder for this user alone, where sockets may lie and their addresses are short."""
    name = f"devbox-kernel-{os.urandom(8).hex()}"
    for place in _FOLDERS:
        try:
            os.mkdir(f"{place}/{name}", 0o700)  # noqa: PTH102  # pathlib costs 8 ms
        except OSError:
            continue
        return f"{place}/{name}"
    os.write(2, b"no folder for the kernel's sockets can be made in /tmp, /dev/shm or HOME\n")
    sys.exit(_FAILED)


def _write(path: str, text: str) -> None:
    """Write a new file for this user alone."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(file, text.encode())
    os.close(file)


def _remove(folder: str) -> None:
    """Remove the private folder, unless the kernel's own code has put folders there."""
    try:
        for name in os.listdir(folder):  # noqa: PTH208
            os.unlink(f"{folder}/{name}")  # noqa: PTH108
        os.rmdir(folder)  # noqa: PTH106
    except OSError:
        return


def main(arguments: list[str], connection: str, first: str) -> int:
    """Run a kernel, or without a command only say that this works; return the exit code."""
    folder, last, *command = arguments
    if not command:
        stream = Stream("", [])
        stream.flush()
        return 0
    return run_kernel(folder, (connection, first), last == "last", command)
