"""What was installed in a box by hand → what the project's options must say, and what conflicts.

Pure. What a notebook names is pinned from its capture, in the version that the box has; only what
no notebook names becomes an option of the project's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from jupyter_devbox.plan.requirements import OURS
from jupyter_devbox.spec.by_hand import ByHand, HandPackage
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.names import normalise, parse_requirement
from jupyter_devbox.spec.project import ExistingEnvironment
from jupyter_devbox.spec.snapshot import KernelSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Additions:
    """What is to be done about what was installed and removed by hand.

    Parameters
    ----------
    include, drop, apt
        For `ProjectOptions`: requirements to add, names that leave, Debian packages to add.
    wanted
        The packages that the lock must have, in these versions.
    left_out
        Packages that came from an address which only the box names: no index may stand in for it.
    kept
        Names that were removed, and stay: the user's own line or a notebook names them.
    """

    include: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    apt: tuple[str, ...] = ()
    wanted: tuple[HandPackage, ...] = ()
    left_out: tuple[HandPackage, ...] = ()
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """A package that the lock cannot have as the box has it.

    `box` is the version in the box, `lock` the one that is locked now, `planned` the one that
    would be; "" for none.
    """

    name: str
    box: str
    lock: str
    planned: str


def unlocked(found: ByHand, locked: Mapping[str, str]) -> tuple[HandPackage, ...]:
    """Return what was added in a box and is not in the lock, or in another version."""
    return tuple(
        package
        for package in found.added
        if package.name not in OURS and not _same(locked.get(package.name), package.version)
    )


def dropped(found: ByHand, existing: ExistingEnvironment) -> tuple[str, ...]:
    """Return what was removed in a box, and is in the lock by an option alone."""
    included = {normalise(parse_requirement(text).name) for text in existing.options.include}
    return tuple(name for name in found.removed if name in included & existing.locked.keys())


def additions(
    found: ByHand, existing: ExistingEnvironment, snapshots: Iterable[KernelSnapshot]
) -> Additions:
    """Return what a box's changes come to for its environment.

    Parameters
    ----------
    snapshots
        Captures of the environment's notebooks.
    """
    snapshots = tuple(snapshots)
    captured = {r.name: r for snapshot in snapshots for r in snapshot.requirements}
    new = unlocked(found, existing.locked)
    left_out = tuple(
        package
        for package in new
        if package.addressed
        and (package.name not in captured or captured[package.name].source == "index")
    )
    wanted = tuple(package for package in new if not package.addressed)
    by_hand = {line.name for line in existing.requirements if line.reason == "hand"}
    include = (p for p in wanted if p.name not in captured and p.name not in by_hand)
    drop = dropped(found, existing)
    direct = {line.name for line in existing.requirements}
    there = {package.name for package in existing.apt} | {*existing.options.apt}
    return Additions(
        include=tuple(f"{package.name}=={package.public}" for package in include),
        drop=tuple(name for name in drop if name not in captured),
        apt=tuple(name for name in found.apt if name not in there),
        wanted=wanted,
        left_out=left_out,
        kept=tuple(n for n in found.removed if n in direct and (n not in drop or n in captured)),
    )


def clashes(
    wanted: Iterable[HandPackage],
    direct: Collection[str],
    before: Mapping[str, str],
    lock: Lock,
    box: Mapping[str, str],
) -> Iterator[Clash]:
    """Yield what keeps a lock from having what was installed in the box.

    First what would come in another version than the box has; then what the project names and
    would have to move for it.

    Parameters
    ----------
    direct
        Names of the environment's direct requirements.
    before
        Name → version of the lock as it is.
    box
        Name → version of all that the box has.
    """
    after = {package.name: package.version for package in lock.packages}
    named = set()
    for package in wanted:
        named.add(package.name)
        if not _same(after.get(package.name), package.version):
            yield Clash(
                name=package.name,
                box=package.version,
                lock=before.get(package.name, ""),
                planned=after.get(package.name, ""),
            )
    for name in sorted({*direct} - named) if named else ():
        old, new = before.get(name), after.get(name)
        if old and new and not _same(old, new) and not _same(box.get(name), new):
            yield Clash(name=name, box=box.get(name, ""), lock=old, planned=new)


def _same(one: str | None, other: str | None) -> bool:
    """Tell whether two versions are one, local parts left out: no index has them."""
    try:
        return bool(one and other) and Version(one or "").public == Version(other or "").public
    except InvalidVersion:
        return one == other
