"""Read uv's answer, a pylock.toml (PEP 751)."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from jupyter_devbox.errors import LockError
from jupyter_devbox.spec.container import EMPTY
from jupyter_devbox.spec.lock import LockedPackage
from jupyter_devbox.spec.names import ADDRESS, normalise

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_pylock(
    text: str,
    *,
    local_names: frozenset[str] = frozenset(),
    indexes: Mapping[str, str] = EMPTY,
    tags: Sequence[Tag] = (),
) -> tuple[LockedPackage, ...]:
    """Return the packages that come from an index, sorted by name.

    Parameters
    ----------
    text
        The pylock.toml; uv lists the files that fit the platform it resolved for.
    local_names
        Packages that come from wheels beside the lock; left out here.
    indexes
        Name → index of packages that come from an index of their own: of their files the one
        that fits `tags` best is locked, with its address.

    Raises
    ------
    LockError
        A package has no hash: then it could be anything. Or none of its files will do.
    """
    entries = [(normalise(e["name"]), e) for e in tomllib.loads(text).get("packages", [])]
    packages = (
        _at(entry, indexes[name], tags) if name in indexes else _package(entry)
        for name, entry in ((name, _of_indexes(entry)) for name, entry in entries)
        if name not in local_names
    )
    return tuple(sorted(packages, key=lambda package: package.name))


def wheel_address(text: str, name: str) -> tuple[str | None, str]:
    """Return the version that was found of a package, and the address of one of its wheels."""
    for entry in tomllib.loads(text).get("packages", []):
        if normalise(entry["name"]) == name:
            url = next((str(file.get("url", "")) for file in entry.get("wheels", ())), "")
            address = url.partition("#")[0]
            return str(entry["version"]), address if ADDRESS.fullmatch(address) else ""
    return None, ""


def _of_indexes(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a package without files of the user's folders: the index has it, so it is enough."""
    wheels = [file for file in entry.get("wheels", ()) if not is_here(file)]
    sdist = entry.get("sdist")
    kept = {key: value for key, value in entry.items() if key not in {"wheels", "sdist"}}
    kept |= {"wheels": wheels} if wheels else {}
    return kept | ({"sdist": sdist} if sdist and not is_here(sdist) else {})


def is_here(file: Mapping[str, Any]) -> bool:
    """Tell whether a file lies in a folder of this machine, not on an index."""
    return "path" in file or str(file.get("url", "")).startswith("file:")


def _package(entry: dict[str, Any]) -> LockedPackage:
    archive = entry.get("archive")  # a wheel's own address
    wheels = entry.get("wheels") or [file for file in (archive,) if file]
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
        url=str(archive["url"]).partition("#")[0] if archive else "",
    )


def _at(entry: dict[str, Any], index: str, tags: Sequence[Tag]) -> LockedPackage:
    """Return a package with the address of the one file that will be installed."""
    ranked = [(rank, file) for file in entry.get("wheels", ()) if (rank := _rank(file, tags)) >= 0]
    best = min(ranked, key=lambda pair: pair[0], default=(0, {"url": ""}))[1]
    url = str(best["url"]).partition("#")[0]
    if not ADDRESS.fullmatch(url):
        message = f"No wheel of {entry['name']} there can be locked by its address: `{index}`"
        raise LockError(message, hint=f"--exclude {entry['name']}, or install its public version")
    return replace(_package({**entry, "wheels": [best]}), index=index, url=url)


def _rank(file: dict[str, Any], tags: Sequence[Tag]) -> int:
    """Return how well a wheel fits, 0 being best; -1 if it does not."""
    filename = unquote(urlsplit(str(file["url"])).path.rpartition("/")[2])
    try:
        own = parse_wheel_filename(filename)[3]
    except InvalidWheelFilename:
        return -1
    return next((rank for rank, tag in enumerate(tags) if tag in own), -1)


def _sha256(file: dict[str, Any]) -> Iterator[str]:
    digest = file.get("hashes", {}).get("sha256")
    if digest:
        yield str(digest)
