"""How large the image will be on disk."""

from __future__ import annotations

from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.lock import Lock, LockedPackage

BASE_BYTES = 150_000_000
"""Unpacked size of a slim Python image, rounded up: Debian's stand-in for 3.11 has 144 MB."""
BYTECODE = 1.4
"""Image layers ÷ what RECORD lists, bytecode on top: fitted to the quickstart alone."""
UNPACKED = 3.2
"""Installed size ÷ wheel size where the former is unknown: a guess, not measured."""
MACHINE_CODE = {
    "torch": 2.0,
    "triton": 3.6,
    "tensorflow": 3.3,
    "jaxlib": 4.1,
    "jax-cuda12-pjrt": 2.8,
    "jax-cuda13-pjrt": 2.8,
}
"""Installed size ÷ wheel size of what is machine code nearly alone, and so compresses otherwise.

Summed from the central directories of the wheels on 2026-11-22: torch 2.8.0 and 2.13.0 (1.91 and
2.08), triton (3.63, 3.65), tensorflow 2.21.0 (3.27), jaxlib 0.8.3 (4.08), its CUDA 12 part (2.77).
"""
CUDA_LIBRARY, LARGE_CUDA_LIBRARY = 2.4, 1.4
"""The same of NVIDIA's own wheels, below and from 100 MB: 2.2 to 2.5, and 1.1 to 1.6."""
_LARGE = 100_000_000
APT_BYTES = 25_000_000
"""A Debian package with its dependencies: a guess; the spread is wide."""


def estimate_bytes(spec: EnvironmentSpec, lock: Lock) -> int:
    """Return the image's estimated size on disk in bytes, rounded to 10 MB.

    Installed sizes are taken from the kernel's own RECORD files where it has the very package,
    else from the download's size.
    """
    installed = {(d.name, d.version): d.size for d in spec.preferences if d.size}
    packages = sum(_bytes(p, installed.get((p.name, p.version), 0)) for p in lock.packages)
    total = BASE_BYTES + packages + APT_BYTES * len(spec.apt)
    return round(total / 1e7) * 10_000_000


def _bytes(package: LockedPackage, installed: int) -> float:
    ratio = _ratio(package)
    if ratio is None:
        return (installed or package.size * UNPACKED) * BYTECODE
    return installed or package.size * ratio


def _ratio(package: LockedPackage) -> float | None:
    """Return how much larger than its wheel a package of machine code is; None for any other."""
    if package.name.startswith("nvidia-"):
        return LARGE_CUDA_LIBRARY if package.size >= _LARGE else CUDA_LIBRARY
    return MACHINE_CODE.get(package.name)
