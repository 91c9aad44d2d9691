"""The account in which tools and kernels work: `jovyan`, uid 1000, whoever has that in the base."""

from __future__ import annotations

import re

from jupyter_devbox.render.instructions import command, run
from jupyter_devbox.spec.written import USER

UID = "1000"
_HOME = f"/home/{USER}"
_OFFICIAL = re.compile(r"python:[A-Za-z0-9._-]+")
"""The official Python images have no account above root's, and begin as root."""


def as_root(base: str) -> str:
    """Return the line that makes a stage of this base image begin as root."""
    return "" if _OFFICIAL.fullmatch(base) else "USER root\n"


def make_account(base: str) -> str:
    """Return the step that makes the account in an image from this base, and open folders.

    Any uid may come later (a host's own), so the folders that a user fills are open to all.
    Ubuntu's images have an `ubuntu` with uid 1000 since 24.04, Jupyter's a `jovyan`: dev container
    clients give the account the host's uid by its name, and can't where another has the number.
    """
    create = command("useradd", "--create-home", "--uid", UID, "--shell", "/bin/bash", USER)
    folders = "install -d -m 0777 /opt/venv /workspaces"
    if _OFFICIAL.fullmatch(base):
        return run([create, folders])
    other = f'other="$(id -un {UID} 2>/dev/null || echo {USER})"'
    renumber = command("usermod", "--uid", UID, "--home", _HOME, USER)
    return run(
        [
            other,
            f'if [ "$other" != {USER} ]; then userdel "$other"; fi',
            f"if id -u {USER} >/dev/null 2>&1; then {renumber}; else {create}; fi",
            command("install", "-d", "-o", USER, _HOME),
            folders,
        ]
    )
