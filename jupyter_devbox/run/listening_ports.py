"""Which TCP ports programs in this box listen on, read from /proc (proc_net(5), proc(5)).

Runs in the box and comes on a stream (see `port_program`), so: standard library only, Python 3.8.
A program's command line may hold a password: its name and a guess leave the box, never the line.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator

MOST = 256
"""Ports that are told of. The host counts again."""

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_LISTENING = "0A"  # TCP_LISTEN, include/net/tcp_states.h
_OF_THE_ENGINE = "127.0.0.11"  # Docker's own name server in networks of the user's
_HIDDEN = ("/debugpy/adapter", "/tensorboard_data_server/")
"""Parts of programs that have a door of their own: the kernel's debugger, TensorBoard's reader."""

OWN_SOCKETS = ("/dev/shm/devbox-own-sockets-", "/tmp/devbox-own-sockets-")  # noqa: S108  # in the box
"""Begin the name of the file, removed and open, in which a kernel of ours keeps the sockets that
it began with: ipykernel listens on one for the output of its forked children. In memory where that
is there: the first file of a container on the engine's layers takes some 40 ms."""

_LONGEST_NOTE = 1 << 16
_KERNEL = "ipykernel_launcher"

_PROGRAMS = {
    "streamlit": "streamlit",
    "gradio": "gradio",
    "mlflow": "mlflow",
    "tensorboard": "tensorboard",
    "tensorboard.main": "tensorboard",
    "dask": "dask",
    "dask-scheduler": "dask",
    "distributed.cli.dask_scheduler": "dask",
    "bokeh": "bokeh",
    "jupyter-lab": "jupyter",
    "jupyter-notebook": "jupyter",
    "mlflow.server:app": "mlflow",
    "mlflow.server.fastapi_app:app": "mlflow",
}
_USUAL = {7860: "gradio", 8050: "dash", 8265: "ray", 8787: "dask"}
"""What Python programs listen on there that do not say so in their command line."""


def listening(table: str) -> dict[str, tuple[str, int]]:
    """Return address and port of each listening socket in a table of /proc/net, by its inode."""
    found = {}
    for line in table.splitlines()[1:]:
        words = line.split()
        if len(words) > 9 and words[3] == _LISTENING:
            address, _, port = words[1].rpartition(":")
            found[words[9]] = (_address(address), int(port, 16))
    return found


def _address(digits: str) -> str:
    """Return an address; the kernel prints it as words of this machine's byte order."""
    packed = b"".join(
        int(digits[n : n + 8], 16).to_bytes(4, sys.byteorder) for n in range(0, len(digits), 8)
    )
    if len(packed) == 4:
        return socket.inet_ntop(socket.AF_INET, packed)
    if packed[:12] == b"\0" * 10 + b"\xff\xff":
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    return socket.inet_ntop(socket.AF_INET6, packed)


def read_tables() -> str:
    """Return both tables as they stand; two that are equal tell of the same sockets."""
    return "\n".join(map(_table, _TABLES))


def _table(name: str) -> str:
    try:
        with open(name, encoding="ascii") as file:  # noqa: PTH123  # pathlib costs 8 ms
            return file.read()
    except OSError:  # no IPv6 here
        return ""


def sockets() -> dict[str, tuple[str, int]]:
    """Return address and port of all listening sockets, by inode."""
    found = listening(read_tables())
    return {inode: at for inode, at in found.items() if at[0] != _OF_THE_ENGINE}


def described(found: dict[str, tuple[str, int]]) -> list[dict[str, object]]:
    """Return what is known of sockets: one row a port, ordered by it.

    Where several sockets have one port, the one that is reached most simply stands for it.
    """
    owners = _owners(set(found))
    rows: dict[int, dict[str, object]] = {}
    for inode, (address, port) in sorted(found.items(), key=lambda item: _rank(item[1][0])):
        pid = owners.get(inode, 0)
        words = _command(pid) if pid else []
        if port in rows or any(part in word for word in words[:3] for part in _HIDDEN):
            continue
        if _name(words) == _KERNEL and not _is_users(pid, inode):
            continue
        rows[port] = {
            "port": port,
            "address": address,
            "pid": pid,
            "process": _name(words)[:40],
            "label": _label(words, port),
        }
    return [rows[port] for port in sorted(rows)][:MOST]


def _is_users(pid: int, inode: str) -> bool:
    """Tell whether code in a kernel opened a socket, not the kernel for itself.

    Nothing is asked of the socket: to connect would take the place of the one caller for whom many
    a program listens, such as debugpy for its adapter. Of a kernel that somebody else began
    nothing is known, and none is the user's: VS Code, say, forwards the ports of its own.
    """
    for number, target in _open_files(pid):
        if target.startswith(OWN_SOCKETS):
            try:
                with open(f"/proc/{pid}/fd/{number}", "rb") as file:  # noqa: PTH123
                    return f"socket:[{inode}]".encode() not in file.read(_LONGEST_NOTE).split()
            except OSError:  # closed meanwhile
                return False
    return False


def _open_files(pid: int) -> Iterator[tuple[str, str]]:
    """Yield number and target of a process's files; none of another user's, or one that is gone."""
    folder = f"/proc/{pid}/fd"
    try:
        numbers = os.listdir(folder)  # noqa: PTH208
    except OSError:
        return
    for number in numbers:
        try:
            target = os.readlink(f"{folder}/{number}")  # noqa: PTH115
        except OSError:  # closed meanwhile
            continue
        yield number, target


def reached_at(address: str) -> str:
    """Return where to dial what listens at an address: loopback where that will do."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104  # read, not bound


def _rank(address: str) -> int:
    if address.startswith("127.") or address == "0.0.0.0":  # noqa: S104  # as above
        return 0
    return 1 if address in {"::", "::1"} else 2


def _owners(inodes: set[str]) -> dict[str, int]:
    """Return the first process that has each socket: of a server's workers, who opened it."""
    names = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[str, int] = {}
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):  # noqa: PTH208
        if len(found) == len(names):
            break
        for _, target in _open_files(pid):
            if target in names:
                found.setdefault(names[target], pid)
    return found


def _command(pid: int) -> list[str]:
    """Return a process's command line."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123
            line = file.read(4096)
    except OSError:
        return []
    # A program that sets its title leaves one text with spaces.
    words = line.rstrip(b"\0").split(b"\0")
    words = words if len(words) > 1 else words[0].split(b" ")
    return [word.decode(errors="replace") for word in words]


def _last(word: str) -> str:
    return word.rpartition("/")[2]


def _is_python(word: str) -> bool:
    return _last(word).startswith(("python", "pypy"))


def _program(words: list[str]) -> list[str]:
    """Return a command line from its program on: an interpreter and its options are left out."""
    if not words or not _is_python(words[0]):
        return words
    rest = words[1:]
    while rest and rest[0].startswith("-") and rest[0] not in {"-m", "-c"}:
        rest = rest[1:]
    if rest[:1] == ["-m"]:
        return rest[1:] or words
    return rest if rest and rest[0] != "-c" else words


def _name(words: list[str]) -> str:
    """Return what people call a program."""
    program = _program(words)
    return _last(program[0]) if program else ""


def _label(words: list[str], port: int) -> str:
    """Guess which dashboard a program is."""
    program = _program(words)
    for word in program[:1] + [each for each in words[1:] if ":" in each]:
        if known := _PROGRAMS.get(_last(word)):
            return known
    if program and program[0].endswith("ray/dashboard/dashboard.py"):
        return "ray"
    if program and "." in program[0] and program[0].split(".")[0] in {"streamlit", "mlflow"}:
        return program[0].split(".")[0]
    python = bool(words) and _is_python(words[0])
    return _USUAL.get(port, "") if python else ""
