"""Have the programs that tests need besides Docker: Debian's own, as root alone."""

from __future__ import annotations

import shutil

import debian
from steps import step

# Program → its packages. Podman's own suggestions beyond these are for use without root.
PROGRAMS = {
    "podman": ("podman", "catatonit", "netavark", "aardvark-dns", "fuse-overlayfs"),
    "socat": ("socat",),  # an engine behind TLS
    "openssl": ("openssl",),
    "ip": ("iproute2",),  # a private engine in a network of its own
    "chromium": ("chromium", "fonts-dejavu-core"),
}


def ensure() -> list[str]:
    """Install what is missing, where that may be done; return what is missing still, in words."""
    missing = [name for name in PROGRAMS if not _find(name)]
    if missing and debian.may_install():
        with step(f"installed {', '.join(missing)} from Debian's packages"):
            debian.install([package for name in missing for package in PROGRAMS[name]])
    return [f"no {name}: tests that need it" for name in missing if not _find(name)]


def _find(name: str) -> str | None:
    """Find a program, also in the folders that only root's PATH has."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
