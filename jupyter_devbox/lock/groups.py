"""Which image layer a package goes to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from jupyter_devbox.spec.lock import LockedPackage
from jupyter_devbox.spec.project import ExistingEnvironment

REBALANCE = 12
"""More packages than this in the `rest` group, and all move to `stable` again: our choice.

A small last layer is rebuilt quickly; a rebuilt stable layer costs the whole download, so it
happens only now and then.
"""


def assign_groups(
    resolved: Iterable[LockedPackage],
    beside: Iterable[LockedPackage],
    existing: ExistingEnvironment,
) -> tuple[LockedPackage, ...]:
    """Return all packages with their groups, sorted by name.

    A package that the existing lock has in its stable group, in the same version, stays there as
    long as the whole stable group does; what is new goes to the rest, so that only the last layer
    is rebuilt. What was common to all of a project's environments, and is no more, comes to the
    stable group. Wheels beside the lock are always in the rest.
    """
    packages = sorted(resolved, key=lambda package: package.name)
    locked = {package.name: package.version for package in packages}
    kept = (existing.stable or existing.common) and all(
        locked.get(name) == existing.locked.get(name) for name in existing.stable
    )
    placed = existing.stable | existing.common.keys()
    new = [package for package in packages if package.name not in placed]
    if kept and len(new) <= REBALANCE:
        grouped = [
            replace(package, group="stable" if package.name in placed else "rest")
            for package in packages
        ]
    else:
        grouped = [replace(package, group="stable") for package in packages]
    rest = (replace(package, group="rest") for package in beside)
    return tuple(sorted((*grouped, *rest), key=lambda package: package.name))
