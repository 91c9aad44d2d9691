"""Where a client expects its kernel to listen, and the way from there to the box's sockets."""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from jupyter_devbox.errors import RunError

PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
_CHUNK = 1 << 16


class Door:
    """Listens on one of the client's addresses; callers wait there until the kernel is up."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener

    def lead_to(self, path: str) -> None:
        """Pass on every connection, those that already wait first."""
        threading.Thread(target=self._serve, args=(path,), daemon=True).start()

    def _serve(self, path: str) -> None:
        while True:
            client, _ = self._listener.accept()
            try:
                kernel = dial(path)
            except OSError:  # the kernel has ended; so will this process
                client.close()
                continue
            threading.Thread(target=join, args=(client, kernel), daemon=True).start()


def join(one: socket.socket, other: socket.socket) -> None:
    """Pass on bytes both ways until either side ends, and close both."""
    back = threading.Thread(target=_pass_on, args=(other, one), daemon=True)
    back.start()
    _pass_on(one, other)
    back.join()
    one.close()
    other.close()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    """Pass on bytes until the end, and have the other direction end too."""
    with suppress(OSError):  # one of them is gone
        while data := source.recv(_CHUNK):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def dial(path: str) -> socket.socket:
    """Return a connection to a socket in a folder that the box can write.

    The box could have put a link to another socket of this machine there: the name is opened
    without following links, and what was opened is what is dialled.

    Raises
    ------
    OSError
        There is no socket, or nobody listens.
    """
    end = socket.socket(socket.AF_UNIX)
    try:
        if not hasattr(os, "O_PATH"):  # not Linux: boxes there have no folder of this machine's
            end.connect(path)
            return end
        descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW)
        try:
            end.connect(f"/proc/self/fd/{descriptor}")
        finally:
            os.close(descriptor)
    except OSError:
        end.close()
        raise
    return end


def open_doors(connection: Mapping[str, Any]) -> list[Door]:
    """Listen on all addresses of a connection file, on this machine alone.

    Raises
    ------
    RunError
        One is taken, or reachable from elsewhere.
    """
    ip, ports = str(connection["ip"]), [int(connection[name]) for name in PORTS]
    if connection.get("transport", "tcp") == "ipc":
        return [Door(_listen(socket.AF_UNIX, f"{ip}-{port}")) for port in ports]
    address = "127.0.0.1" if ip == "localhost" else ip
    try:
        version = ipaddress.ip_address(address)
    except ValueError:
        version = ipaddress.ip_address("0.0.0.0")  # noqa: S104  # refused below
    if not version.is_loopback:
        msg = f"A box's kernel is reached from this machine alone, not at `{ip}`"
        raise RunError(msg, hint="set KernelManager.ip to 127.0.0.1")
    family = socket.AF_INET6 if version.version == 6 else socket.AF_INET
    return [Door(_listen(family, (address, port))) for port in ports]


def _listen(family: socket.AddressFamily, address: Any) -> socket.socket:  # noqa: ANN401
    listener = socket.socket(family)
    try:
        if family != socket.AF_UNIX:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        msg = f"The kernel's address is taken ({error.strerror}): `{address}`"
        raise RunError(msg, hint="start the kernel again") from error
    listener.listen(16)
    return listener
