"""Run a program that never hears that the machine's networks change: ``same_network.py PROGRAM …``.

Chromium ends all its requests with ERR_NETWORK_CHANGED whenever an address appears or goes, and
every container beside a test brings one: a page then lacks whatever it was loading, Lab's own
stylesheet too. There is no flag against it (https://issues.chromium.org/issues/41465264), so the
kernel refuses the program the socket by which it would be told. That users' browsers do hear it
is why the panel puts a question twice (labextension/src/api/requests.ts, and its test).
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

# Machine → the number of socket(2), and its AUDIT_ARCH_… (linux/audit.h).
MACHINES = {"x86_64": (41, 0xC000003E), "aarch64": (198, 0xC00000B7)}
AF_NETLINK, EAFNOSUPPORT = 16, 97
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2  # linux/prctl.h, seccomp.h
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | EAFNOSUPPORT  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h
NUMBER, ARCH, ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data


class Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def refuse_netlink() -> None:
    """Refuse this process, and those it becomes and starts, every netlink socket.

    Raises
    ------
    OSError
        This machine's kernel takes no filter.
    """
    socket, arch = MACHINES[platform.machine()]
    steps = (
        (LOAD, 0, 0, ARCH),
        (EQUAL, 0, 5, arch),  # no: five on, to ALLOW
        (LOAD, 0, 0, NUMBER),
        (EQUAL, 0, 3, socket),
        (LOAD, 0, 0, ARGUMENT),
        (EQUAL, 0, 1, AF_NETLINK),
        (RETURN, 0, 0, REFUSE),
        (RETURN, 0, 0, ALLOW),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = Program(len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
        PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0
    ):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter")


if __name__ == "__main__":
    refuse_netlink()
    os.execv(sys.argv[1], sys.argv[1:])
