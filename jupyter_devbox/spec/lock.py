"""The whole closure with hashes: lock's output, render's input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jupyter_devbox.spec.environment import Decision

Layer = Literal["common", "stable", "rest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedPackage:
    """One package of the closure.

    Parameters
    ----------
    name, version
        Normalised name, exact version.
    hashes
        ``sha256:…`` of every file that may be installed, sorted.
    group
        ``stable`` packages share one image layer, the ``rest`` another that is rebuilt quickly;
        ``common`` ones lie below, in the one layer of all environments of a split project.
    size
        Bytes to download; 0 when unknown.
    compiled
        Whether only a source distribution exists for this Python and platform.
    index, url
        Index of its own, and the one file's address there, for a package that must come from
        nowhere else; else "".
    """

    name: str
    version: str
    hashes: tuple[str, ...]
    group: Layer = "stable"
    size: int = 0
    compiled: bool = False
    index: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFile:
    """A wheel that lies beside the lock in `.devcontainer/wheels/`."""

    filename: str
    content: bytes

    def __repr__(self) -> str:
        """Name and size; the content would fill the screen."""
        return f"WheelFile({self.filename!r}, {len(self.content)} bytes)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A resolution that installs to the same bytes each time.

    Parameters
    ----------
    python, platform
        What it was resolved for, such as ``3.11.2`` and ``linux/amd64``.
    packages
        Sorted by name.
    wheels
        Local wheels, sorted by file name.
    inputs
        Digest of what was resolved: the same digest makes resolving again unnecessary.
    decisions
        Versions that had to move, and other choices of the lock.
    """

    python: str
    platform: str
    packages: tuple[LockedPackage, ...]
    wheels: tuple[WheelFile, ...] = ()
    inputs: str = ""
    decisions: tuple[Decision, ...] = ()
