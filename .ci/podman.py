"""Have Podman for the engine contract's second run: Debian's own package, as root alone."""

from __future__ import annotations

import shutil

import debian
from steps import step

# What an API socket, `--init` and a network need; the rest of its suggestions is for rootless use.
PACKAGES = ("podman", "catatonit", "netavark", "aardvark-dns", "fuse-overlayfs")


def ensure() -> str:
    """Install Podman where nothing else does; return why it is missing, or ""."""
    if shutil.which("podman"):
        return ""
    if not debian.may_install():
        return "no podman: the engine contract runs on Docker alone"
    with step("installed Podman from Debian's packages"):
        debian.install(PACKAGES)
    return ""
