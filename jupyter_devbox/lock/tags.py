"""Which wheels the image's Python takes (packaging.python.org, platform compatibility tags)."""

from __future__ import annotations

from packaging.tags import Tag, compatible_tags, cpython_tags, sys_tags

from jupyter_devbox.spec.environment import EnvironmentSpec

_NEWEST_GLIBC = 40
"""uv knows no later one of the 2.x series (``uv pip compile --help``)."""


def triple(spec: EnvironmentSpec) -> str | None:
    """Return uv's name for the image's platform; None for this machine's own (venv)."""
    if spec.target == "venv":
        return None
    machine = "aarch64" if spec.base_image.platform.endswith("arm64") else "x86_64"
    major, minor = spec.base_image.glibc
    return f"{machine}-manylinux_{major}_{min(minor, _NEWEST_GLIBC)}"


def fitting(spec: EnvironmentSpec) -> tuple[Tag, ...]:
    """Return the tags of all wheels that fit, the best first.

    A wheel built on this machine says ``linux_x86_64``: whether its C library is too new for the
    image, nothing tells.
    """
    if spec.target == "venv":
        return tuple(sys_tags())
    machine = "aarch64" if spec.base_image.platform.endswith("arm64") else "x86_64"
    major, minor = spec.base_image.glibc
    platforms = [f"manylinux_{major}_{below}_{machine}" for below in range(minor, -1, -1)]
    old = [f"{name}_{machine}" for name in ("manylinux2014", "manylinux2010", "manylinux1")]
    platforms += [*old, f"linux_{machine}"]
    numbers = tuple(int(part) for part in spec.python.split("."))
    interpreter = "cp" + "".join(spec.python.split("."))
    return (
        *cpython_tags(numbers, platforms=platforms),
        *compatible_tags(numbers, interpreter=interpreter, platforms=platforms),
    )
