"""How large the image will be on disk."""

from __future__ import annotations

from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.lock import Lock

BASE_BYTES = 150_000_000
"""Unpacked size of a slim Python image; `docker image ls` says 125 to 155 MB for 3.10 to 3.14."""
BYTECODE = 1.4
"""Compiled bytecode adds two fifths to what RECORD lists (measured on the quickstart's image)."""
UNPACKED = 3.2
"""Installed size ÷ wheel size where the former is unknown (scientific wheels: 2.8 to 3.6)."""
APT_BYTES = 25_000_000
"""A Debian package with its dependencies; from 1 MB (libgomp1) to 400 MB (ffmpeg)."""


def estimate_bytes(spec: EnvironmentSpec, lock: Lock) -> int:
    """Return the image's estimated size on disk in bytes, rounded to 10 MB.

    Installed sizes are taken from the kernel's own RECORD files where it has the package, else
    from the download's size.
    """
    installed = {d.name: d.size for d in spec.preferences if d.size}
    packages = sum(installed.get(p.name, int(p.size * UNPACKED)) * BYTECODE for p in lock.packages)
    total = BASE_BYTES + packages + APT_BYTES * len(spec.apt)
    return round(total / 1e7) * 10_000_000
