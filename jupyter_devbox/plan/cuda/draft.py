"""The twin while it is planned: each family takes its lines and leaves its decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from jupyter_devbox.errors import RequirementError
from jupyter_devbox.spec.catalogue import CudaBase
from jupyter_devbox.spec.environment import Decision, DirectRequirement

Cells = Mapping[str, Mapping[str, tuple[int, ...]]]
"""Package → notebook → the cells that name the package."""
NO_CELLS: Cells = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The CUDA that one package brings or needs.

    `base` is what has it: ``slim`` where the wheels bring it; `linked` where it is part of the
    package's own library, which says nothing of what fits beside it. `download_bytes` is None if
    unknown; `nvcc` where a wheel must be made.
    """

    package: str
    cuda: str
    download_bytes: int | None = None
    base: CudaBase = "slim"
    nvcc: bool = False
    linked: bool = False


@dataclass(slots=True)
class Draft:
    """Lines by name, decisions and stacks so far; never leaves this package."""

    lines: dict[str, DirectRequirement]
    cells: dict[str, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    stacks: list[Stack] = field(default_factory=list)

    @classmethod
    def of(cls, requirements: Iterable[DirectRequirement], cells: Cells = NO_CELLS) -> Draft:
        """Return a draft of an environment's lines."""
        return cls({r.name: r for r in requirements}, dict(cells))

    @property
    def requirements(self) -> tuple[DirectRequirement, ...]:
        """The lines, sorted by name."""
        return tuple(self.lines[name] for name in sorted(self.lines))

    @property
    def first(self) -> Stack | None:
        """The stack that others shall agree with; None if there is none yet."""
        return next((stack for stack in self.stacks if not stack.linked), None)

    def decide(self, what: str, choice: str, reason: str) -> None:
        """Add a decision."""
        self.decisions.append(Decision(what=what, choice=choice, reason=reason))

    def change(self, old: str, new: DirectRequirement, reason: str, *, told: bool = False) -> None:
        """Put a line in another's place, and say why if it reads otherwise, or `told` wants it."""
        before = self.lines.pop(old)
        self.lines[new.name] = new
        if told or (before.text, before.indexes) != (new.text, new.indexes):
            self.decide(new.name, new.text, reason)

    def drop(self, name: str, reason: str) -> None:
        """Take a line out, and say why."""
        line = self.lines.pop(name)
        self.decide(name, "left out", f"{reason}{self.needed_by(line)}")

    def needed_by(self, line: DirectRequirement) -> str:
        """Return who needs a line, as the end of a sentence: cells where they are known."""
        known = self.cells.get(line.name, {})
        places = [_place(name, known.get(name, ())) for name in sorted({*line.notebooks, *known})]
        one = len(places) == 1 and not places[0].startswith("cells ")
        return f"; {', '.join(places)} need{'s' if one else ''} it" if places else ""

    def merge(self, names: Sequence[str]) -> DirectRequirement | None:
        """Return the one line of several names of the same thing, the user's own word first.

        It stands under its own name; the others' extras and notebooks are in it.

        Raises
        ------
        RequirementError
            The user's own words on two of them differ.
        """
        found = [self.lines[name] for name in names if name in self.lines and plain(name, self)]
        if not found:
            return None
        best = min(found, key=lambda r: (r.reason != "hand", not r.firm, not r.specifier))
        for other in found:
            if other is not best:
                _check_agreement(best, other)
                del self.lines[other.name]
                self.decide(other.name, "left out", f"it is the same module as {best.name}")
        merged = replace(
            best,
            extras=tuple(sorted({extra for line in found for extra in line.extras})),
            notebooks=tuple(sorted({name for line in found for name in line.notebooks})),
        )
        self.lines[best.name] = merged
        self._merge_cells(best.name, [line.name for line in found])
        return merged

    def _merge_cells(self, best: str, names: Iterable[str]) -> None:
        merged: dict[str, tuple[int, ...]] = {}
        for name in names:
            for notebook, cells in self.cells.get(name, {}).items():
                merged[notebook] = tuple(sorted({*merged.get(notebook, ()), *cells}))
        self.cells[best] = merged


def _check_agreement(best: DirectRequirement, other: DirectRequirement) -> None:
    own = all(line.specifier and (line.firm or line.reason == "hand") for line in (best, other))
    if own and best.specifier != other.specifier:
        message = f"{best.text} is the same module as `{other.text}`"
        raise RequirementError(message, hint=f"--exclude {other.name}, or take out its line")


def plain(name: str, draft: Draft) -> bool:
    """Tell whether a line comes from an index: what has an address stays as the user has it."""
    return draft.lines[name].source == "index"


def _place(notebook: str, cells: Sequence[int]) -> str:
    numbers = " and ".join(filter(None, [", ".join(map(str, cells[:-1])), *map(str, cells[-1:])]))
    return f"cell{'s' if len(cells) > 1 else ''} {numbers} of {notebook}" if cells else notebook


def exact(specifier: str) -> Version | None:
    """Return the one version that a specifier allows, local part included; None for a range.

    Raises
    ------
    RequirementError
        It is not a specifier.
    """
    clauses = list(specifiers(specifier))
    if len(clauses) != 1 or clauses[0].operator not in {"==", "==="}:
        return None
    try:
        return Version(clauses[0].version)
    except InvalidVersion:  # ==2.* and what only === takes
        return None


def specifiers(specifier: str) -> SpecifierSet:
    """Return a parsed specifier, or raise `RequirementError`."""
    try:
        return SpecifierSet(specifier)
    except InvalidSpecifier as error:
        message = f"This is not a version specifier: `{specifier}`"
        raise RequirementError(message, hint="write it like >=2,<3") from error


def allows(specifier: str, version: str) -> bool:
    """Tell whether a specifier takes a version."""
    return specifiers(specifier).contains(version, prereleases=True)


def within(version: Version | None, since: str, before: str) -> bool:
    """Tell whether a version is in a span; one that is not known is."""
    if version is None:
        return True
    public = Version(version.public)
    return (not since or public >= Version(since)) and (not before or public < Version(before))
