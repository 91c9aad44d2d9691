"""Starts a kernel in a box and stays its parent.

Copied into the box's read-only mount and run there by whatever Python the image has (3.8 or
later), so: standard library only, few imports, nothing of ours. Three uses::

    launcher.py kernel CHANNEL LOG FOLDER CONNECTION COMMAND…   run a kernel
    launcher.py probe SOCKET TOKEN                              dial the host and say TOKEN
    launcher.py others                                          count what else runs in the box

CHANNEL is ``-`` for standard input and output, else a socket that the host listens on. The host
sends signals, one byte each; the end of its stream ends the kernel with its process group. The
host reads lines::

    pid 17          the kernel's process and process group
    error TEXT      it could not be started
    exit CODE OOM   it ended: CODE is negative for a signal; OOM counts kills for memory meanwhile

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

_KILLS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")
_SCRATCH = "/tmp"  # noqa: S108  # the box's own; see `_copy`
_FAILED = 126


def run_kernel(channel: str, log: str, folder: str, connection: str, command: list[str]) -> int:
    """Run a kernel to its end and return the exit code for this process."""
    source, sink = _open(channel)
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
        _say(sink, f"error {error.strerror}: {error.filename}")
        return _FAILED
    pid = os.fork()
    if pid == 0:
        _become([*command, "-f", copy], output)
    os.close(output)
    _say(sink, f"pid {pid}")
    _attend(pid, source, wake)
    code = _end(pid)
    _remove(copy)
    _say(sink, f"exit {code} {memory_kills() - kills}")
    return code if code >= 0 else 128 - code


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
        # A shell or an engine may have had these ignored, and an ignored SIGINT is inherited.
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.execvp(command[0], command)  # noqa: S606  # a shell is what nobody wants here
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(_FAILED)


def _attend(pid: int, source: int, wake: int) -> None:
    """Pass signals on until the kernel has ended; it is left to be reaped."""
    watched = [source, wake]
    while True:
        ready = select.select(watched, [], [])[0]
        if wake in ready:
            os.read(wake, 512)
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return
        if source in ready:
            numbers = _receive(source)
            if not numbers:
                watched = [wake]
                numbers = bytes([signal.SIGKILL])
            for number in numbers:
                _signal_group(pid, number)


def _receive(source: int) -> bytes:
    """Return the next signals; b"" when the host is gone."""
    try:
        return os.read(source, 64)
    except ConnectionError:
        return b""


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

    The box's main process and its children share a session; each program that was started in the
    box later has its own.
    """
    known = {_session("1"), _session("self")}
    names = [name for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208
    return sum(_session(name) not in known for name in names)


def _session(name: str) -> str:
    """Return the session of a process; that of process 1 for one that is gone meanwhile."""
    try:
        with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[3]
    except (OSError, IndexError):
        return _session("1") if name != "1" else ""


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
        return run_kernel(channel, log, folder, connection, command)
    if verb == "probe":
        os.write(_dial(rest[0]), rest[1].encode())
        return 0
    if verb == "others":
        _say(1, str(count_others()))
        return 0
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
