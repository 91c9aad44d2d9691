"""The packages that all environments of a split project have: one layer for all their images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from jupyter_devbox.spec.container import EMPTY
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.names import normalise

COVERED = 0.7
"""Least part of what all groups have that the common layer must hold, in bytes: our choice.

A layer that is chosen anew has every group rebuilt, so one that still holds most of it is kept.
"""


def share(locks: Sequence[Lock], before: Mapping[str, str] = EMPTY) -> tuple[Lock, ...]:
    """Return the locks with what they have in common marked as such.

    Parameters
    ----------
    before
        Name → version of the common packages so far: they stay, and nothing joins them, as long
        as every lock has them and they are most of what there is.
    """
    if len(locks) < 2:  # nothing is shared with oneself
        return tuple(locks)
    everywhere = set.intersection(*map(_shareable, locks))
    kept = {one for one in everywhere if before.get(one[0]) == one[1]}
    sizes = {(p.name, p.version): p.size for lock in locks for p in lock.packages}
    enough = _bytes(kept, sizes) >= COVERED * _bytes(everywhere, sizes)
    common = kept if before and len(kept) == len(before) and enough else everywhere
    names = {name for name, _, _ in common}
    return tuple(
        replace(
            lock,
            packages=tuple(
                replace(p, group="common") if p.name in names else p for p in lock.packages
            ),
        )
        for lock in locks
    )


_Same = tuple[str, str, tuple[str, ...]]


def _shareable(lock: Lock) -> set[_Same]:
    """Return what can be installed once for all: no wheel beside the lock, nothing to be built."""
    beside = {normalise(wheel.filename.split("-")[0]) for wheel in lock.wheels}
    plain = (p for p in lock.packages if not (p.compiled or p.index or p.url))
    return {(p.name, p.version, p.hashes) for p in plain if p.name not in beside}


def _bytes(found: Iterable[_Same], sizes: Mapping[tuple[str, str], int]) -> int:
    return sum(sizes[name, version] for name, version, _ in found)
