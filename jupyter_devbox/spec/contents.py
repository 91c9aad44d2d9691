"""What an image holds, in bytes: what its own program told, checked, and what follows from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Spare = Literal["tests", "static", "docs"]
SPARE: tuple[Spare, ...] = ("tests", "static", "docs")
"""What ``--slim`` leaves out: tests with their data, static libraries, documents."""

_CUDA_MAJOR = re.compile(r"nvidia-.*-cu(?P<major>[0-9]{2})|.*-cu(?:da)?(?P<other>1[0-9])x?")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSize:
    """One Python package of an image; `spare` is kind → bytes that nothing needs at run time."""

    name: str
    version: str
    bytes: int
    files: int = 0
    spare: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceSize:
    """A folder, a file or a Debian package, and what it takes."""

    name: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageContents:
    """What lies in an image, the largest first.

    Parameters
    ----------
    bytes
        All files that an ordinary user of the image may see.
    environment
        Those of the Python environment among them.
    packages
        Its packages, by their RECORD files.
    unowned
        What lies in the environment and belongs to none of them.
    caches
        Downloads and lists that programs leave behind.
    debian
        Debian packages, those of the base image included.
    spare
        Kind → bytes that ``--slim`` saves, what belongs to no package included.
    """

    bytes: int
    environment: int
    packages: tuple[PackageSize, ...] = ()
    unowned: tuple[PlaceSize, ...] = ()
    caches: tuple[PlaceSize, ...] = ()
    debian: tuple[PlaceSize, ...] = ()
    spare: Mapping[str, int] = field(default_factory=dict)

    @property
    def slim_saves(self) -> int:
        """What ``--slim`` would save, in bytes."""
        return sum(self.spare.values())

    @property
    def doubled_cuda(self) -> Mapping[str, int]:
        """CUDA's major version → bytes of the packages made for it, where there are several."""
        found: dict[str, int] = {}
        for package in self.packages:
            match = _CUDA_MAJOR.fullmatch(package.name)
            if match:
                major = match["major"] or match["other"]
                found[major] = found.get(major, 0) + package.bytes
        return dict(sorted(found.items())) if len(found) > 1 else {}

    def to_json(self) -> dict[str, Any]:
        """Return the part `contents` of ``images --explain --json``."""
        return {
            "bytes": self.bytes,
            "environment": self.environment,
            "packages": [
                {
                    "name": package.name,
                    "version": package.version,
                    "bytes": package.bytes,
                    "files": package.files,
                    "spare": dict(package.spare),
                }
                for package in self.packages
            ],
            "unowned": [{"path": each.name, "bytes": each.bytes} for each in self.unowned],
            "caches": [{"path": each.name, "bytes": each.bytes} for each in self.caches],
            "debian": [{"name": each.name, "bytes": each.bytes} for each in self.debian],
            "doubled_cuda": dict(self.doubled_cuda),
            "spare": {kind: self.spare.get(kind, 0) for kind in SPARE},
            "slim_saves": self.slim_saves,
        }
