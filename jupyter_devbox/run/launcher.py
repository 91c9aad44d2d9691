"""Starts a kernel in a box and stays its parent.

Copied into the box's read-only mount and run there by whatever Python the image has (3.8 or
later), so: standard library only, few imports, nothing of ours. Its uses::

    launcher.py kernel CHANNEL LOG FOLDER CONNECTION COMMAND…   run a kernel
    launcher.py attach PID STARTED LOG                          watch one that another launcher runs
    launcher.py probe SOCKET TOKEN                              dial the host and say TOKEN
    launcher.py others                                          count what else runs in the box

CHANNEL is ``-`` for standard input and output, else a socket that the host listens on. The host
sends signals, one byte each; the end of its stream ends the kernel with its process group (but
not one that is only attached to). The host reads lines::

    pid 17 23456    the kernel's process and process group, and when it started, in clock ticks
    error TEXT      it could not be started
    silent          the host's heartbeat stopped, so the kernel is ended
    core NAME       it has left a core dump of that name in its folder
    exit CODE OOM   it ended: CODE is negative for a signal; OOM counts kills for memory meanwhile

The heartbeat is a file beside CONNECTION, with `.beat` for `.json`, that the host's process locks
and keeps changing. It matters where the end of the stream does not come through.

CONNECTION is a connection file that can't be written. Older ipykernels (6.15, say) rewrite
theirs in any case, so the command gets a copy, as `-f COPY`.

The kernel has a session of its own and writes to LOG, never to the channel: a child that it leaves
behind can't hold the channel open, and a full channel can't hold the kernel.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable

BEAT_TICK = 1.0
BEAT_TICKS = 90
"""Without a beat for that many seconds of ours the host is gone. It beats every 5 s; a machine
that swaps has been seen to hold a thread up for 20. Ticks stop while a laptop sleeps: a clock
would jump, and every kernel die on waking up."""

_KERNEL_MARK = "JUPYTER_DEVBOX_KERNEL"
_LOG_MARK = "JUPYTER_DEVBOX_LOG"
"""The descriptor of LOG, for what the kernel says when it crashes: its standard error is a pipe to
its own thread by then."""

_KILLS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")
_SCRATCH = "/tmp"  # noqa: S108  # the box's own; see `_copy`
_FAILED = 126


def run_kernel(
    channel: Callable[[], tuple[int, int]],
    log: str,
    folder: str,
    connection: str,
    command: list[str],
) -> int:
    """Run a kernel to its end and return the exit code for this process.

    The channel gives the descriptors to read from and to write to. It is opened when the kernel
    has begun: a call to the host takes 5 ms, and the kernel needs none of it.
    """
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    kills = memory_kills()
    copy = f"{_SCRATCH}/devbox-{os.path.basename(connection)}"  # noqa: PTH119  # pathlib costs 8 ms
    try:
        os.chdir(folder)
        _copy(connection, copy)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    except OSError as error:
        _say(channel()[1], f"error {error.strerror}: {error.filename}")
        return _FAILED
    pid = os.fork()
    if pid == 0:
        _become([*command, "-f", copy], output)
    os.close(output)
    source, sink = channel()
    _say(sink, f"pid {pid} {start_time(pid)}")
    _attend(pid, source, sink, wake, Beat(_sibling(connection, ".beat")))
    if core := dumped_core(pid, copy):
        _say(sink, f"core {core}")
    code = _end(pid)
    _remove(copy)
    last = f"exit {code} {memory_kills() - kills}"
    _leave_word(_sibling(log, ".end"), last)
    _say(sink, last)
    return code if code >= 0 else 128 - code


class Beat:
    """The host's heartbeat as seen from here."""

    def __init__(self, path: str) -> None:
        self._ticks = 0
        self._seen = b""
        try:  # kept open: who cleans up /tmp may take its name away
            self._file = os.open(path, os.O_RDONLY)
        except OSError:  # a host that has none; its stream must do
            self._file = -1

    @property
    def tick(self) -> float | None:
        """Seconds until the next `lost`; None where there is nothing to ask."""
        return BEAT_TICK if self._file >= 0 else None

    def lost(self) -> bool:
        """Tell whether the host is gone; to be asked once a tick."""
        seen = os.pread(self._file, 64, 0)
        self._ticks = 0 if seen != self._seen else self._ticks + 1
        self._seen = seen
        return self._ticks >= BEAT_TICKS and not self._locked()

    def _locked(self) -> bool:
        """Tell whether the host's process still has its lock: it is stopped, in a debugger, say."""
        import fcntl  # noqa: PLC0415  # rarely needed

        try:
            fcntl.flock(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # no locks here: the beat alone decides
            return False
        fcntl.flock(self._file, fcntl.LOCK_UN)
        return False


def _sibling(path: str, ending: str) -> str:
    """Return a path with another ending."""
    return path[: path.rindex(".")] + ending if "." in path.rpartition("/")[2] else path + ending


def _leave_word(path: str, line: str) -> None:
    """Write down how a kernel ended, for a launcher that is attached to it."""
    draft = f"{path}.new"
    try:
        _remove(draft)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(descriptor, line.encode())
        os.close(descriptor)
        os.rename(draft, path)  # noqa: PTH104  # pathlib costs 8 ms
    except OSError:  # no room left: who is attached is told no number
        return


def _open(channel: str) -> tuple[int, int]:
    """Return the descriptors to read from and to write to."""
    if channel == "-":
        return 0, 1
    end = _dial(channel)
    return end, end


def _dial(path: str) -> int:
    """Return a descriptor that is connected to the host's socket."""
    import socket  # noqa: PLC0415  # 5 ms that most starts don't need

    end = socket.socket(socket.AF_UNIX)
    end.connect(path)
    return end.detach()


def _copy(source: str, target: str) -> None:
    """Copy a small file for this user alone."""
    _remove(target)
    with open(source, "rb") as file:  # noqa: PTH123  # pathlib costs 8 ms
        content = file.read()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(descriptor, content)
    os.close(descriptor)


def _remove(path: str) -> None:
    """Remove a file, if it is there."""
    try:
        os.unlink(path)  # noqa: PTH108  # pathlib costs 8 ms
    except FileNotFoundError:
        return


def _become(command: list[str], output: int) -> None:
    """Turn the forked child into the kernel; never returns."""
    try:
        os.setsid()
        os.environ[_KERNEL_MARK] = str(os.getpid())
        # A shell or an engine may have had these ignored, and an ignored SIGINT is inherited.
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.set_inheritable(output, True)  # noqa: FBT003  # its signature
        os.environ[_LOG_MARK] = str(output)
        os.execvp(command[0], command)  # noqa: S606  # a shell is what nobody wants here
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(_FAILED)


def _attend(pid: int, source: int, sink: int, wake: int, beat: Beat) -> None:
    """Pass signals on until the kernel has ended; it is left to be reaped."""
    watched = [source, wake]
    while True:
        ready = select.select(watched, [], [], beat.tick)[0]
        if not ready and beat.lost():
            _say(sink, "silent")
            _signal_group(pid, signal.SIGKILL)
        if wake in ready:
            os.read(wake, 512)
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return
        if source in ready:
            numbers = _receive(source, 64)
            if not numbers:
                watched = [wake]
                numbers = bytes([signal.SIGKILL])
            for number in numbers:
                _signal_group(pid, number)


def _receive(source: int, size: int) -> bytes:
    """Return what the host says next, such as signals; b"" when it is gone."""
    try:
        return os.read(source, size)
    except ConnectionError:
        return b""


def dumped_core(pid: int, beginning: str) -> str:
    """Return the name of the core dump that a kernel left in its folder, which is ours too.

    "" for none, or where the system puts it elsewhere: its pattern may name a program or another
    place (core(5)), and the kernel's code may have gone to another folder.

    Parameters
    ----------
    pid
        An ended child, not reaped yet.
    beginning
        A file that was written when it began.
    """
    found = (0, "")
    try:
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None or ended.si_code != os.CLD_DUMPED:
            return ""
        oldest = os.stat(beginning).st_mtime_ns  # noqa: PTH116  # pathlib costs 8 ms
        for entry in os.scandir("."):
            changed = entry.stat(follow_symlinks=False).st_mtime_ns
            if changed >= max(oldest, found[0]) and _is_core(entry):
                found = (changed, entry.name)
    except OSError:
        return found[1]
    return found[1]


def _is_core(entry: os.DirEntry[str]) -> bool:
    """Tell whether a file begins as a core dump does: an ELF file of type 4 (elf(5))."""
    if not entry.is_file(follow_symlinks=False) or not entry.name.isprintable():
        return False
    try:
        with open(entry.name, "rb") as file:  # noqa: PTH123
            head = file.read(18)
    except OSError:
        return False
    return head.startswith(b"\x7fELF") and head[16:] in {b"\4\0", b"\0\4"}


def _end(pid: int) -> int:
    """Kill what the kernel left in its group, reap it, and return its exit code."""
    _signal_group(pid, signal.SIGKILL)  # before reaping: until then nobody else has this number
    status = os.waitpid(pid, 0)[1]
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _signal_group(pid: int, number: int) -> None:
    """Send a signal to the kernel and its children; a number that is none is dropped."""
    try:
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:  # between fork and setsid
            os.kill(pid, number)
    except OSError:
        return


def attach(pid: int, began: str, log: str) -> int:
    """Pass signals on to a kernel that is not our child, and say when it has ended.

    The end of the host's stream ends nothing: whoever started the kernel decides.
    """
    _say(1, f"pid {pid} {began}")
    while started(pid) == began:
        if select.select([0], [], [], 0.05)[0]:
            numbers = _receive(0, 64)
            if not numbers:
                return 0
            for number in numbers:
                if started(pid) == began:
                    _signal_group(pid, number)
    _say(1, _last_word(_sibling(log, ".end")))
    return 0


def _last_word(path: str) -> str:
    """Return what a kernel's own launcher wrote down; it needs a moment to do so."""
    for _ in range(40):
        if os.path.exists(path):  # noqa: PTH110  # pathlib costs 8 ms
            with open(path, encoding="ascii", errors="replace") as file:  # noqa: PTH123
                return file.read(64)
        time.sleep(0.025)
    return "exit -9 0"


def started(pid: int) -> str:
    """Return when a process started, in clock ticks since boot; "" for one that has ended."""
    fields = _stat(str(pid))
    return "" if not fields or fields[0] in "ZX" else fields[19]


def start_time(pid: int) -> str:
    """Return when a child of ours started; it may have ended, and waits to be reaped."""
    fields = _stat(str(pid))
    return fields[19] if fields else ""


def memory_kills() -> int:
    """Return how many processes of this box were killed for memory so far."""
    for path in _KILLS:
        try:
            with open(path, encoding="ascii") as file:  # noqa: PTH123  # pathlib costs 8 ms
                words = file.read().split()
        except OSError:
            continue
        if "oom_kill" in words:
            return int(words[words.index("oom_kill") + 1])
    return 0


def count_others() -> int:
    """Return how many processes run besides the box's own and this one.

    The box's main process shares its session with what it began with; each program that was started
    in the box later has its own.
    """
    known = {_session("1"), _session("self")}
    return sum(_session(name) not in known for name in _processes())


def _processes() -> list[str]:
    """Return the numbers of the processes that this one can see."""
    return [name for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208


def _session(name: str) -> str:
    """Return the session of a process; that of process 1 for one that has ended meanwhile."""
    fields = _stat(name)
    if fields and (name == "1" or fields[0] not in "ZX"):
        return fields[3]
    return _session("1") if name != "1" else ""


def _stat(name: str) -> list[str]:
    """Return what the kernel says of a process, from its state on (proc(5)); [] if it is gone."""
    try:
        with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []


def _say(sink: int, line: str) -> None:
    """Write a line to the host, if it is there."""
    try:
        os.write(sink, line.encode(errors="replace") + b"\n")
    except OSError:
        return


def main(arguments: list[str]) -> int:
    """Do what the arguments ask for, and return the exit code."""
    verb, rest = arguments[0], arguments[1:]
    if verb == "kernel":
        channel, log, folder, connection, *command = rest
        return run_kernel(lambda: _open(channel), log, folder, connection, command)
    if verb == "attach":
        return attach(int(rest[0]), rest[1], rest[2])
    if verb == "probe":
        os.write(_dial(rest[0]), rest[1].encode())
        return 0
    if verb == "others":
        _say(1, str(count_others()))
        return 0
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
