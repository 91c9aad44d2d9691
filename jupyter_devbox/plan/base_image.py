"""Which image the Dockerfile starts from, and which Python lies in it."""

from __future__ import annotations

import re
from dataclasses import replace

from jupyter_devbox.errors import BaseImageError
from jupyter_devbox.spec.container import ImageInfo
from jupyter_devbox.spec.environment import BaseImage
from jupyter_devbox.spec.names import check_image, check_python
from jupyter_devbox.spec.project import ProjectOptions

LOWEST_PATCH = {"3.9": 2, "3.10": 4, "3.11": 2, "3.12": 0, "3.13": 0, "3.14": 0}
"""Minor → a patch assumed when no engine can be asked, low on purpose.

A wheel that fits a low patch fits every later one. 3.11.2 is Debian bookworm's own; the others
are from memory and not checked against published images.
"""


_OFFICIAL = re.compile(r"(?:^|/)python:(?P<minor>3\.[0-9]+)(?![0-9])")
_FULL = re.compile(r"3\.[0-9]{1,3}\.[0-9]{1,3}(?:(?:a|b|rc)[0-9]{1,3})?")


def choose_base(python: str, options: ProjectOptions, platform: str) -> BaseImage:
    """Return the base image for a kernel's Python, before an engine was asked about it.

    Parameters
    ----------
    python
        The kernel's version, full or minor.
    options
        `python` and `base` of the user come first.
    platform
        ``linux/amd64`` or ``linux/arm64``.

    Raises
    ------
    BaseImageError
        There is no slim image for this minor version; the nearest one is offered.
    """
    minor = check_python(options.python) if options.python else ".".join(python.split(".")[:2])
    if minor not in LOWEST_PATCH:
        nearest = "3.9" if minor.startswith(("2.", "3.")) and _number(minor) < 9 else "3.14"
        message = f"There is no slim base image for this Python: `{minor}`"
        raise BaseImageError(message, hint=f"add --python {nearest}")
    if options.base:
        ref = check_image(options.base)
        reason = "you asked for it"
        named = _OFFICIAL.search(ref)
        if named and named["minor"] != minor:
            raise _other_python(ref, named["minor"], minor)
    else:
        ref = f"python:{minor}-slim-bookworm"
        asked = "you asked for Python" if options.python else "the kernel runs Python"
        reason = f"{asked} {minor}; the slim image is the smallest that takes all wheels"
    return BaseImage(
        ref=ref,
        reason=reason,
        python=f"{minor}.{LOWEST_PATCH[minor]}",
        platform=platform,
    )


def with_facts(base: BaseImage, image: ImageInfo | None) -> tuple[BaseImage, str]:
    """Return the base image with what the engine knows of it, and where its patch comes from.

    The official images say their version in ``PYTHON_VERSION``.
    """
    if image is None:
        return base, "the engine has no such image yet, so the lowest patch is assumed"
    said = image.env.get("PYTHON_VERSION", "")
    version = said if _FULL.fullmatch(said) else ""
    minor = ".".join(base.python.split(".")[:2])
    if version and not version.startswith(f"{minor}."):
        raise _other_python(base.ref, version, minor)
    known = replace(
        base,
        python=version or base.python,
        platform=image.platform or base.platform,
        digest=image.digest,
    )
    origin = "the image says so" if version else "the image does not say, so the lowest is assumed"
    return known, origin


def _other_python(ref: str, found: str, wanted: str) -> BaseImageError:
    message = f"{ref} holds Python {found}, and the kernel needs `{wanted}`"
    return BaseImageError(message, hint=f"add --python {'.'.join(found.split('.')[:2])}")


def _number(minor: str) -> int:
    tail = minor.split(".")[1] if "." in minor else "0"
    return int(tail) if tail.isdigit() else 0
