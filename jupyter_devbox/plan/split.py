"""One big environment into several lean ones: which notebooks go together, and what that saves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from packaging.specifiers import SpecifierSet

from jupyter_devbox.errors import UsageError
from jupyter_devbox.plan.estimate import shared_bytes
from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.groups import Group, SplitWish, check_group, group_of, name_after
from jupyter_devbox.spec.lock import Lock


def choose_groups(
    recorded: Sequence[Group], wish: SplitWish | None, notebooks: Sequence[str]
) -> tuple[Group, ...]:
    """Return the project's groups, the one that clients open by default first; () for none.

    A notebook stays where it is, unless the user names it; one that is in no group gets a group
    of its own. A group ends with its last notebook.

    Parameters
    ----------
    recorded
        The groups that the project has.
    wish
        What the user says now; None keeps things as they are.
    notebooks
        All the notebooks that there are, those of this call first.

    Raises
    ------
    UsageError
        A name is none for a group, or a notebook is named in two.
    """
    if (wish and wish.off) or not (wish or recorded):
        return ()
    named = wish.named if wish else ()
    members: dict[str, list[str]] = {group.name: [] for group in recorded}
    placed: dict[str, str] = {}
    for group in named:
        for notebook in group.notebooks:
            if placed.setdefault(notebook, check_group(group.name)) != group.name:
                message = f"This notebook is named in two groups: `{notebook}`"
                raise UsageError(message, hint="a notebook has one environment: name it once")
    for notebook in filter(None, dict.fromkeys(notebooks)):
        name = placed.get(notebook) or group_of(recorded, notebook)
        members.setdefault(name or name_after(notebook, {*members, *placed.values()}), []).append(
            notebook
        )
    return tuple(
        Group(name=name, notebooks=tuple(sorted(listed)))
        for name, listed in members.items()
        if listed
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaner:
    """What an environment of its own is for one group, against one for all.

    Parameters
    ----------
    bytes
        Of its image, estimated.
    fewer
        Packages that it does without.
    own
        Package → its version in the one for all, and in this one, where the two differ.
    unmet
        What its notebooks ask for by name and version, and would not get.
    """

    group: str
    bytes: int
    fewer: int = 0
    own: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    unmet: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """What splitting saves: arithmetic on locks, in bytes on disk.

    Parameters
    ----------
    together
        One environment for all; None where it cannot be had.
    problem
        Why not; else "".
    shared
        What the images of all groups have in common, and the disk has once.
    """

    groups: tuple[Leaner, ...]
    shared: int
    together: int | None = None
    problem: str = ""

    @property
    def total(self) -> int:
        """Size of all groups' images on disk."""
        return sum(g.bytes for g in self.groups) - self.shared * max(0, len(self.groups) - 1)

    def to_json(self) -> dict[str, Any]:
        """Return the object `savings` of `plan --json`."""
        return {
            "together": self.together,
            "problem": self.problem,
            "groups": [
                {
                    "group": g.group,
                    "bytes": g.bytes,
                    "fewer": g.fewer,
                    "versions": {n: {"together": a, "own": b} for n, (a, b) in g.own.items()},
                    "unmet": list(g.unmet),
                }
                for g in self.groups
            ],
            "shared": self.shared,
            "total": self.total,
        }


Locked = tuple[EnvironmentSpec, Lock]


def savings(groups: Sequence[Locked], union: Locked | None, problem: str = "") -> Savings:
    """Return what splitting saves.

    Parameters
    ----------
    groups
        The environments, locked; their common packages are marked.
    union
        One environment for all of them; None where it cannot be had, for that `problem`.
    """
    return Savings(
        groups=tuple(_leaner(spec, lock, union) for spec, lock in groups),
        shared=min((shared_bytes(spec, lock) for spec, lock in groups), default=0),
        together=union[0].estimated_bytes if union else None,
        problem=problem,
    )


def _leaner(spec: EnvironmentSpec, lock: Lock, union: Locked | None) -> Leaner:
    mine = _versions(lock)
    all_of_them = _versions(union[1]) if union else {}
    return Leaner(
        group=spec.group,
        bytes=spec.estimated_bytes,
        fewer=len(all_of_them.keys() - mine.keys()),
        own={
            name: (all_of_them[name], mine[name])
            for name in sorted(mine.keys() & all_of_them.keys())
            if mine[name] != all_of_them[name]
        },
        unmet=tuple(_unmet(spec, all_of_them)),
    )


def _unmet(spec: EnvironmentSpec, versions: Mapping[str, str]) -> Iterable[str]:
    """Yield the user's own words that these versions do not meet."""
    for requirement in spec.requirements:
        words = requirement.specifier if requirement.firm else requirement.allowed
        version = versions.get(requirement.name)
        if words and version and not SpecifierSet(words, prereleases=True).contains(version):
            yield f"{requirement.name}{words}"


def _versions(lock: Lock) -> dict[str, str]:
    return {package.name: package.version for package in lock.packages}
