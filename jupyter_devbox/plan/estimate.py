"""How large the image will be on disk, and what building it takes besides.

Sizes of files were summed from the central directories of the wheels on 2026-11-22; with the
bytecode that is made on top, 1.36 times the size of the ``.py`` files, they gave the size of a
built image of 51 packages to 0.4 %.
"""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.lock import Lock, LockedPackage

BASE_BYTES = 150_000_000
"""Unpacked size of a slim Python image, rounded up: Debian's stand-in for 3.11 has 144 MB."""
BYTECODE = 1.4
"""Image layers ÷ what RECORD lists, bytecode on top: fitted to the quickstart alone.

The packages of a common kernel have 1.2 (SciPy) to 2.3 (all Python).
"""
LARGE, MIDDLE = 100_000_000, 20_000_000
INSTALLED = {LARGE: 1.7, MIDDLE: 3.2, 0: 4.5}
"""Installed size ÷ wheel size by the wheel's least size, where nothing else is known.

Large ones are CUDA code, compressed already: libcudf 1.53, onnxruntime-gpu 1.39, faiss-gpu 1.86,
cupy 2.19. Those below are machine code: pyarrow 3.2, ctranslate2 3.6, llvmlite 3.0, libclang 2.6.
Small ones are anything: pillow 3.1, scikit-learn 5.3, sympy 9.9; all of the quickstart's 4.2.
"""
MACHINE_CODE = {
    "torch": 2.2,
    "triton": 3.7,
    "tensorflow": 3.3,
    "tensorflow-cpu": 4.8,
    "jaxlib": 4.2,
    "jax-cuda12-pjrt": 2.8,
    "jax-cuda13-pjrt": 3.2,
}
"""The same of what is machine code nearly alone, and compresses in its own way.

torch 2.8.0, 2.13.0 and 2.15.0 (1.91, 2.08 and 2.12; 2.26 with bytecode), triton (3.63 to 3.65),
tensorflow 2.21.0 (3.34, for the CPU 4.80), jaxlib (4.08 to 4.26), its CUDA parts (2.75 and 3.23).
"""
CUDA_LIBRARY, LARGE_CUDA_LIBRARY = 2.4, 1.4
"""The same of NVIDIA's own wheels, below and from 100 MB: 2.2 to 2.5, and 1.1 to 1.8."""
APT_BYTES = 25_000_000
"""A Debian package with its dependencies: a guess; the spread is wide."""


def estimate_bytes(spec: EnvironmentSpec, lock: Lock) -> int:
    """Return the image's estimated size on disk in bytes, rounded to 10 MB.

    Installed sizes are taken from the kernel's own RECORD files where it has the very package,
    else from the download's size.
    """
    packages = _installed_bytes(spec, lock.packages)
    total = BASE_BYTES + packages + APT_BYTES * len(spec.apt)
    if spec.accelerator and spec.accelerator.image:
        total += spec.accelerator.image_bytes  # its libraries are copied; the rest of it is small
    return _rounded(total)


def shared_bytes(spec: EnvironmentSpec, lock: Lock) -> int:
    """Return what an image has in common with those of the project's other groups, in bytes.

    That is the base and the layer of common packages, which the engine stores once; Debian
    packages are not counted.
    """
    common = (package for package in lock.packages if package.group == "common")
    return _rounded(BASE_BYTES + _installed_bytes(spec, common))


def room_bytes(spec: EnvironmentSpec, lock: Lock, *, stable: bool = True) -> int:
    """Return the room that building takes where the engine keeps images, in bytes: at most that.

    The packages lie there twice: uv keeps them unpacked in the build's cache, for the next one.
    Of NVIDIA's images those that the Dockerfile names are there whole, besides what is copied.

    Parameters
    ----------
    stable
        Whether the layers below the last one have to be made; else they are there.
    """
    if not stable:
        return _rounded(2 * _installed_bytes(spec, (p for p in lock.packages if p.group == "rest")))
    total = float(spec.estimated_bytes) + _installed_bytes(spec, lock.packages)
    if spec.accelerator:
        total += spec.accelerator.image_bytes + spec.accelerator.builder_bytes
    return _rounded(total)


def _rounded(number: float) -> int:
    return round(number / 1e7) * 10_000_000


def _installed_bytes(spec: EnvironmentSpec, packages: Iterable[LockedPackage]) -> float:
    recorded = {(d.name, d.version): d.size for d in spec.preferences if d.size}
    return sum(_bytes(p, recorded.get((p.name, p.version), 0)) for p in packages)


def _bytes(package: LockedPackage, recorded: int) -> float:
    if not recorded:
        return package.size * _ratio(package)
    return recorded if _is_machine_code(package) else recorded * BYTECODE


def _ratio(package: LockedPackage) -> float:
    """Return how much larger than its wheel a package is when it is installed."""
    if package.name.startswith("nvidia-"):
        return LARGE_CUDA_LIBRARY if package.size >= LARGE else CUDA_LIBRARY
    by_size = next(ratio for least, ratio in INSTALLED.items() if package.size >= least)
    return MACHINE_CODE.get(package.name, by_size)


def _is_machine_code(package: LockedPackage) -> bool:
    nvidia = package.name.startswith("nvidia-")
    return nvidia or package.name in MACHINE_CODE or package.size >= LARGE
