"""What a notebook uses now, against what the project's files say."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from jupyter_devbox.plan.adding import dropped, unlocked
from jupyter_devbox.plan.requirements import OURS, from_capture
from jupyter_devbox.spec.by_hand import ByHand
from jupyter_devbox.spec.environment import DirectRequirement
from jupyter_devbox.spec.project import ExistingEnvironment
from jupyter_devbox.spec.snapshot import CapturedRequirement, KernelSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One package that the files lack, no longer need, or have in another version.

    Parameters
    ----------
    version
        What is installed now; None where nothing is.
    pinned
        The specifier in requirements.in; "" where it is not named there.
    cell
        Number of the first cell that names it; None where none does.
    """

    kind: Literal["added", "removed", "changed"]
    name: str
    version: str | None = None
    pinned: str = ""
    now: str = ""
    cell: int | None = None


def drift(snapshot: KernelSnapshot, existing: ExistingEnvironment) -> tuple[Difference, ...]:
    """Return how a notebook differs from requirements.in, sorted by name within each kind."""
    name = snapshot.notebook
    lines = {line.name: line for line in existing.requirements}
    left_out = OURS | set(existing.options.exclude)
    used = {r.name: r for r in snapshot.requirements if r.name not in left_out}
    specifiers = {
        r.name: from_capture(r, name, lines[r.name].indexes if r.name in lines else ()).specifier
        for r in used.values()
    }
    named = {line.name for line in lines.values() if name in line.notebooks}
    unknown = {import_.name for import_ in snapshot.unresolved}
    added = (_of("added", used[n]) for n in sorted(set(used) - set(lines)))
    removed = (
        Difference(kind="removed", name=n, pinned=lines[n].specifier)
        for n in sorted(named - set(used))
        if not _still_imported(lines[n], unknown)
    )
    changed = (
        _of("changed", used[n], pinned=lines[n].specifier, now=specifier)
        for n, specifier in sorted(specifiers.items())
        if n in named and specifier.startswith("==") and specifier != lines[n].specifier
    )
    return (*added, *removed, *changed)


def hand_drift(
    found: ByHand, existing: ExistingEnvironment, known: Iterable[Difference]
) -> tuple[Difference, ...]:
    """Return what was done in a box by hand and no `known` difference says already."""
    named = {difference.name for difference in known}
    added = (
        Difference(
            kind="changed" if package.before else "added",
            name=package.name,
            version=package.version,
            pinned=f"=={package.before}" if package.before else "",
        )
        for package in unlocked(found, existing.locked)
        if package.name not in named and not package.addressed
    )
    removed = (
        Difference(kind="removed", name=name)
        for name in dropped(found, existing)
        if name not in named
    )
    return (*added, *removed)


def _still_imported(line: DirectRequirement, unknown: Collection[str]) -> bool:
    """Tell whether a notebook imports what a line was written for, and nobody here knows it.

    Where the notebook's packages are not installed, as in CI, what provides an import is known from
    the line alone.
    """
    tops = {name.partition(".")[0] for name in unknown}
    return any(word.strip().partition(".")[0] in tops for word in line.detail.split(","))


def names(differences: Iterable[Difference], kind: str) -> tuple[str, ...]:
    """Return the packages of one kind of difference."""
    return tuple(d.name for d in differences if d.kind == kind)


def _of(
    kind: Literal["added", "changed"], used: CapturedRequirement, pinned: str = "", now: str = ""
) -> Difference:
    return Difference(
        kind=kind,
        name=used.name,
        version=used.version,
        pinned=pinned,
        now=now,
        cell=min(used.cells, default=None),
    )
