"""Read uv's answer, a pylock.toml (PEP 751)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from jupyter_devbox.errors import LockError
from jupyter_devbox.spec.lock import LockedPackage
from jupyter_devbox.spec.names import normalise

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_pylock(text: str, *, local_names: frozenset[str]) -> tuple[LockedPackage, ...]:
    """Return the packages that come from an index, sorted by name.

    Parameters
    ----------
    text
        The pylock.toml; uv lists the files that fit the platform it resolved for.
    local_names
        Packages that come from wheels beside the lock; left out here.

    Raises
    ------
    LockError
        A package has no hash: then it could be anything.
    """
    packages = tomllib.loads(text).get("packages", [])
    return tuple(
        sorted(
            (_package(entry) for entry in packages if normalise(entry["name"]) not in local_names),
            key=lambda package: package.name,
        )
    )


def _package(entry: dict[str, Any]) -> LockedPackage:
    wheels = entry.get("wheels", [])
    files = wheels or [file for file in (entry.get("sdist"),) if file]
    hashes = sorted({f"sha256:{digest}" for file in files for digest in _sha256(file)})
    if not hashes:
        message = f"The index gives no hash for a package: `{entry['name']}`"
        raise LockError(message, hint="use an index that lists sha256 hashes")
    return LockedPackage(
        name=normalise(entry["name"]),
        version=str(entry["version"]),
        hashes=tuple(hashes),
        size=max((int(file.get("size", 0)) for file in files), default=0),
        compiled=not wheels,
    )


def _sha256(file: dict[str, Any]) -> Iterator[str]:
    digest = file.get("hashes", {}).get("sha256")
    if digest:
        yield str(digest)
