"""What was installed and removed in a box by hand, read from what differs from its image. Pure.

The engine says which files differ, so that the box needs not be believed; their names are the
box's all the same, and count only where they are well formed. pip and uv leave in a package's
``.dist-info`` a file REQUESTED where the user named it, and direct_url.json where it came from an
address (packaging.python.org/specifications/recording-installed-packages). They write RECORD last:
without it a package is half there, as where the disk was full, and is none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from packaging.version import InvalidVersion, Version

from jupyter_devbox.spec.container import EMPTY, FileChange
from jupyter_devbox.spec.names import APT_NAME, DISTRIBUTION_NAME, normalise
from jupyter_devbox.spec.written import INTERPRETER

_VENV = INTERPRETER.removesuffix("/bin/python")
_INFO = re.compile(
    rf"{_VENV}/lib(?:64)?/python3\.\d{{1,2}}/site-packages/"
    r"(?P<name>[A-Za-z0-9._]{1,200})-(?P<version>[A-Za-z0-9.!+_]{1,100})\.dist-info"
    r"(?:/(?P<file>[^/]+))?"
)
_DEBIAN = re.compile(r"/var/lib/dpkg/info/(?P<name>[^/:]+)(?::[a-z0-9]+)?\.list")


@dataclass(frozen=True, slots=True, kw_only=True)
class HandPackage:
    """A package of a box that its image has not, or in another version.

    Parameters
    ----------
    name, version
        Normalised; `version` as its metadata says.
    before
        The version that the image has; "" where it has none.
    asked
        Whether the user named it, as far as the installer says.
    addressed
        Whether it came from an address of its own, and from no index.
    """

    name: str
    version: str
    before: str = ""
    asked: bool = False
    addressed: bool = False

    @property
    def public(self) -> str:
        """Its version without the local part, which no public index has."""
        return Version(self.version).public

    def to_json(self) -> dict[str, str]:
        """Return the object of `sync --json` and `status --json`."""
        return {
            "name": self.name,
            "version": self.version,
            **({"before": self.before} if self.before else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """How a box differs from its image.

    Parameters
    ----------
    added
        What the user named, or what nothing else that was added needs.
    brought
        What came with it.
    removed
        Name → version of packages that the image has, and the box no more.
    apt
        Debian packages that the image has not.
    """

    added: tuple[HandPackage, ...] = ()
    brought: tuple[HandPackage, ...] = ()
    removed: Mapping[str, str] = EMPTY
    apt: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether the box is as its image."""
        return not (self.added or self.brought or self.removed or self.apt)


def read_changes(changes: Iterable[FileChange]) -> ByHand:
    """Return how a box differs; everything that was added counts as named by the user.

    `named_alone` puts apart what only came along.
    """
    there: dict[tuple[str, str], set[str]] = {}
    folders: dict[tuple[str, str], str] = {}
    debian: list[str] = []
    for change in changes:
        if found := _DEBIAN.fullmatch(change.path):
            if change.kind == "added" and APT_NAME.fullmatch(found["name"]):
                debian.append(found["name"])
        elif (found := _INFO.fullmatch(change.path)) and (key := _key(found)):
            if found["file"] is None:
                folders[key] = change.kind
            elif change.kind != "removed":
                there.setdefault(key, set()).add(found["file"])
    # A package that was installed again in the same version is removed, and there.
    gone = {k[0]: k[1] for k, kind in folders.items() if kind == "removed" and k not in there}
    added = tuple(
        HandPackage(
            name=name,
            version=version,
            before=gone.get(name, ""),
            asked="REQUESTED" in there.get((name, version), ()),
            addressed="direct_url.json" in there.get((name, version), ()),
        )
        for (name, version), kind in sorted(folders.items())
        if kind == "added" and "RECORD" in there.get((name, version), ())
    )
    now = {name for (name, _), kind in folders.items() if kind == "added"}
    return ByHand(
        added=added,
        removed={name: gone[name] for name in sorted(gone) if name not in now},
        apt=tuple(sorted(set(debian))),
    )


def named_alone(found: ByHand, needs: Mapping[str, Collection[str]]) -> ByHand:
    """Return it with what was only brought along put apart.

    uv notes all that it installs as asked for; so what another added package needs counts as
    brought by it, unless each needs the other.

    Parameters
    ----------
    needs
        Name → names of what a package depends on, as the box says.
    """
    names = {package.name for package in found.added}
    closures = {name: _closure(name, needs) for name in names}
    brought = {
        package.name
        for package in found.added
        if any(
            package.name in closures[other] and other not in closures[package.name]
            for other in names
        )
        or not (package.asked or _roots(package.name, closures))
    }
    return replace(
        found,
        added=tuple(package for package in found.added if package.name not in brought),
        brought=tuple(package for package in found.added if package.name in brought),
    )


def _roots(name: str, closures: Mapping[str, Collection[str]]) -> bool:
    """Tell whether nothing else that was added needs a package."""
    return not any(name in closure for other, closure in closures.items() if other != name)


def _closure(name: str, needs: Mapping[str, Collection[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(needs.get(name, ()))
    while waiting:
        one = waiting.pop()
        if one not in found and one != name:
            found.add(one)
            waiting.extend(needs.get(one, ()))
    return found


def _key(found: re.Match[str]) -> tuple[str, str] | None:
    """Return name and version of a folder; None where they are none."""
    name = found["name"].replace("_", "-")
    if not DISTRIBUTION_NAME.fullmatch(name):
        return None
    try:
        Version(found["version"])
    except InvalidVersion:
        return None
    return normalise(name), found["version"]
