"""Which C library lies in the base image: it decides the wheels that fit (PEP 600)."""

from __future__ import annotations

import re
from dataclasses import replace

from jupyter_devbox.errors import BaseImageError
from jupyter_devbox.spec.container import ImageInfo
from jupyter_devbox.spec.environment import BaseImage, Decision

RELEASES = {
    "bullseye": (2, 31),
    "bookworm": (2, 36),
    "trixie": (2, 41),
    "focal": (2, 31),
    "jammy": (2, 35),
    "noble": (2, 39),
}
"""Debian's and Ubuntu's releases → version of their package libc6."""
_NUMBERS = {"11": "bullseye", "12": "bookworm", "13": "trixie"}
_NUMBERS |= {"20.04": "focal", "22.04": "jammy", "24.04": "noble"}
OLDEST = min(RELEASES.values())
"""Assumed where nothing tells: what was made for it runs with every later one."""

_NAMED = re.compile(rf"(?<![a-z])(?:{'|'.join(RELEASES)})(?![a-z])")
_NUMBERED = re.compile(r"(?:^|/)debian:(?P<debian>1[1-3])\b|ubuntu[:-]?(?P<ubuntu>2[024]\.04)")
_FOREIGN = re.compile(
    r"(?<![a-z])(alpine|musl|distroless|busybox|wolfi|chainguard|fedora|centos|rockylinux|almalinux"
    r"|ubi\d?|amazonlinux|opensuse|archlinux)(?![a-z])"
)


def with_library(
    base: BaseImage, image: ImageInfo | None
) -> tuple[BaseImage, tuple[Decision, ...]]:
    """Return the base image with its C library's version, and a decision unless it is our own.

    Parameters
    ----------
    image
        What the engine knows of it: Ubuntu's images, and those made from them, have its release in
        their labels (github.com/opencontainers/image-spec, annotations).

    Raises
    ------
    BaseImageError
        By its name it is neither Debian nor Ubuntu: it lacks apt, and mostly this C library too.
    """
    labelled = _labelled(image)
    foreign = _FOREIGN.search(base.ref)
    if foreign and not labelled:
        message = f"Wheels and apt need Debian or Ubuntu, which this is not: `{base.ref}`"
        minor = ".".join(base.python.split(".")[:2])
        raise BaseImageError(message, hint=f"add --base python:{minor}-slim-bookworm")
    release = labelled or _named(base.ref)
    known = replace(base, glibc=RELEASES.get(release, OLDEST))
    if base.ref.endswith("-slim-bookworm"):
        return known, ()
    reason = (
        f"{release} has it" if release else "nothing tells the release, so the oldest is assumed"
    )
    choice = ".".join(map(str, known.glibc))
    return known, (
        Decision(what="glibc", choice=choice, reason=f"{reason}; it decides the wheels"),
    )


def _labelled(image: ImageInfo | None) -> str:
    """Return the code name of the Ubuntu release that an image is made from; "" if none."""
    labels = image.labels if image else {}
    if labels.get("org.opencontainers.image.ref.name") != "ubuntu":
        return ""
    return _NUMBERS.get(labels.get("org.opencontainers.image.version", ""), "")


def _named(ref: str) -> str:
    """Return the code name of the release that an image's name tells; "" if it does not."""
    if named := _NAMED.search(ref):
        return named[0]
    numbered = _NUMBERED.search(ref)
    return _NUMBERS[numbered["debian"] or numbered["ubuntu"]] if numbered else ""
