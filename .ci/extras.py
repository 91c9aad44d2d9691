"""Have the programs that tests need besides Docker: Debian's own, as root alone."""

from __future__ import annotations

import shutil
from ctypes.util import find_library

import debian
from steps import step

# Program → its packages. Podman's own suggestions beyond these are for use without root.
PROGRAMS = {
    "podman": ("podman", "catatonit", "netavark", "aardvark-dns", "fuse-overlayfs"),
    "socat": ("socat",),  # an engine behind TLS
    "docker-registry": ("docker-registry",),  # templates are published to it, and applied from it
    "openssl": ("openssl",),
    "ip": ("iproute2",),  # a private engine in a network of its own
    "gcc": ("gcc", "libc6-dev"),  # the library of a false graphics card
    "chromium": ("chromium", "fonts-dejavu-core"),
}
# Library → its package. Playwright's own node is linked with it.
LIBRARIES = {"atomic": "libatomic1"}


def ensure() -> list[str]:
    """Install what is missing, where that may be done; return what is missing still, in words."""
    wanted = [package for name in PROGRAMS if not _find(name) for package in PROGRAMS[name]]
    wanted += [package for name, package in LIBRARIES.items() if not find_library(name)]
    if wanted and debian.may_install():
        with step(f"installed {', '.join(wanted)} from Debian's packages"):
            debian.install(wanted)
    missing = [name for name in PROGRAMS if not _find(name)]
    missing += [f"lib{name}" for name in LIBRARIES if not find_library(name)]
    return [f"no {name}: tests that need it" for name in missing]


def _find(name: str) -> str | None:
    """Find a program, also in the folders that only root's PATH has."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
