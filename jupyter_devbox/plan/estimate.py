"""How large the image will be on disk."""

from __future__ import annotations

from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.lock import Lock

BASE_BYTES = 150_000_000
"""Unpacked size of a slim Python image, rounded up: Debian's stand-in for 3.11 has 144 MB."""
BYTECODE = 1.4
"""Image layers ÷ what RECORD lists, bytecode on top: fitted to the quickstart alone."""
UNPACKED = 3.2
"""Installed size ÷ wheel size where the former is unknown: a guess, not measured."""
APT_BYTES = 25_000_000
"""A Debian package with its dependencies: a guess; the spread is wide."""


def estimate_bytes(spec: EnvironmentSpec, lock: Lock) -> int:
    """Return the image's estimated size on disk in bytes, rounded to 10 MB.

    Installed sizes are taken from the kernel's own RECORD files where it has the package, else
    from the download's size.
    """
    installed = {d.name: d.size for d in spec.preferences if d.size}
    packages = sum(installed.get(p.name, int(p.size * UNPACKED)) * BYTECODE for p in lock.packages)
    total = BASE_BYTES + packages + APT_BYTES * len(spec.apt)
    return round(total / 1e7) * 10_000_000
