"""The account in which tools and kernels work: `jovyan`, uid 1000, whoever has that in the base."""

from __future__ import annotations

import re

from jupyter_devbox.render.instructions import Shell, command, run, word
from jupyter_devbox.spec.written import USER

UID = "1000"
_OFFICIAL = re.compile(r"python:[A-Za-z0-9._-]+")
"""The official Python images have no account above root's, and begin as root."""


def as_root(base: str) -> str:
    """Return the line that makes a stage of this base image begin as root."""
    return "" if _OFFICIAL.fullmatch(base) else "USER root\n"


def make_account(base: str) -> str:
    """Return the step that makes the account in an image from this base, and open folders.

    Any uid may come later (a host's own), so the folders that a user fills are open to all.
    """
    folders = "install -d -m 0777 /opt/venv /workspaces"
    if _OFFICIAL.fullmatch(base):
        return run([_create(USER, UID), folders])
    return run([*take_account(USER, UID), folders])


def take_account(name: str | Shell, uid: str | Shell) -> list[str]:
    """Return the commands that make an account, whoever has its name or number in the image.

    Ubuntu's images have an `ubuntu` with uid 1000 since 24.04, Jupyter's a `jovyan`: dev container
    clients give the account the host's uid by its name, and can't where another has the number.
    """
    called, home = word(name), f"/home/{word(name)}"
    renumber = command("usermod", "--uid", uid, "--home", Shell(home), name)
    return [
        f'other="$(id -un {word(uid)} 2>/dev/null || echo {called})"',
        f'if [ "$other" != {called} ]; then userdel "$other"; fi',
        f"if id -u {called} >/dev/null 2>&1; then {renumber}; else {_create(name, uid)}; fi",
        command("install", "-d", "-o", name, Shell(home)),
    ]


def _create(name: str | Shell, uid: str | Shell) -> str:
    return command("useradd", "--create-home", "--uid", uid, "--shell", "/bin/bash", name)
