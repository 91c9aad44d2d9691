"""Other users of the test's machine, whose uid no image knows."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from machine import ROOT, Machine, new_machine, uv

UID = 12345
SOCKET = Path("/var/run/docker.sock")
# The client asks for the user's name, which a uid without an account has not.
NAMED = '#!/bin/sh\n[ "$*" = "-u -n" ] && echo ada && exit\nexec /usr/bin/id "$@"\n'
# A Python in a home that is closed to others starts, and takes the system's library instead.
_REACHABLE = (
    "import os, sys; os.stat(os.path.realpath(sys.executable)); assert sys.version_info > (3, 10)"
)


def become(*groups: int) -> tuple[str, ...]:
    """Return the words before a command that make it the user's, in these groups alone."""
    some = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
    program = shutil.which("setpriv") or "setpriv"  # a test may change PATH
    return (program, f"--reuid={UID}", f"--regid={UID}", some)


def install_for_everyone(place: Path, *packages: str, alone: Sequence[str | Path] = ()) -> str:
    """Return an interpreter with jupyter_devbox, installed as a user does, that all can run.

    Parameters
    ----------
    alone
        What is installed without its dependencies.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can become another user")
    for python in dict.fromkeys((sys.executable, "/usr/bin/python3")):
        known = [*become(), python, "-c", _REACHABLE]
        if subprocess.run(known, capture_output=True, check=False).returncode == 0:
            break
    else:
        pytest.skip("no Python that other users may run")
    uv("venv", "--quiet", "--python", python, place / "venv")
    # Copies: hard links into root's cache keep its permissions.
    install = ("pip", "install", "--quiet", "--link-mode", "copy")
    uv(*install, "--python", place / "venv/bin/python", ROOT, *packages)
    if alone:
        uv(*install, "--python", place / "venv/bin/python", "--no-deps", *alone)
    return str(place / "venv" / "bin" / "python")


def named(user: Machine) -> str:
    """Return a folder whose `id` knows the user's name, to be put before PATH."""
    tools = user.root / "tools"
    tools.mkdir(exist_ok=True)
    program = tools / "id"
    program.write_text(NAMED)
    program.chmod(0o755)
    return str(tools)


def socket_group() -> int:
    """Return the group that may use Docker's socket."""
    if not SOCKET.is_socket():
        pytest.skip(f"no socket at {SOCKET}")
    info = SOCKET.stat()
    if not info.st_mode & stat.S_IWGRP:
        pytest.skip("Docker's socket has no group that may use it")
    return info.st_gid


def new_user(root: Path, python: str, *groups: int) -> Machine:
    """Make a user with a HOME of its own."""
    root.mkdir()
    user = new_machine(root, python, root / "run", python)
    user.prefix, user.uid = become(*groups), UID
    user.env["UV_CACHE_DIR"] = str(root / "uv")
    (root / "run").mkdir(mode=0o700)
    user.own(root)
    return user
