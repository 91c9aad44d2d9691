"""The user's own modules: found beside the notebook, followed, and stopped at any distribution."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_devbox.capture.imports import Import
from jupyter_devbox.capture.scan import CellFacts, scan_file

_LARGEST_FILE = 5_000_000
_MOST_FILES = 1_000


@dataclass(frozen=True, slots=True)
class Found:
    """One import with the cells that lead to it."""

    item: Import
    cells: frozenset[int]


@dataclass(slots=True)
class LocalTree:
    """Local modules by name, and what their files import and use."""

    modules: dict[str, Path] = field(default_factory=dict)
    imports: list[Found] = field(default_factory=list)
    facts: list[tuple[CellFacts, frozenset[int]]] = field(default_factory=list)
    broken: list[Path] = field(default_factory=list)


@dataclass(slots=True)
class LocalWalk:
    """The search for local modules.

    Parameters
    ----------
    roots
        Folders that Python would look in, in order.
    written
        Files that ``%%writefile`` cells write, by absolute path.
    wanted
        Words that engine rules look for.
    taken
        Tells whether a name belongs to a distribution: a folder without ``__init__.py`` does not
        hide it, as in Python's own rules.
    """

    roots: Sequence[Path]
    written: Mapping[Path, str]
    wanted: frozenset[str]
    taken: Callable[[str], bool]
    tree: LocalTree = field(default_factory=LocalTree)
    seen: dict[Path, frozenset[int]] = field(default_factory=dict)
    listed: dict[Path, frozenset[str]] = field(default_factory=dict)

    def follow(self, item: Import, cells: frozenset[int]) -> bool:
        """Follow an import when it is local; False when it is not."""
        parts = item.module.split(".")
        place = self._place(parts[0], item)
        if place is None:
            return False
        self.tree.modules.setdefault(parts[0], place)
        base = place.parent
        names = [*parts, item.member] if item.member not in {"", "*"} else parts
        for file in self._files(base, names):
            self.read(file, cells, base)
        return True

    def _place(self, name: str, item: Import) -> Path | None:
        """Return the module's file or folder, by Python's order: regular ones before namespaces."""
        roots = [root for root in self.roots if name in self._names(root)]
        for root in roots:
            if self._is_file(root / name / "__init__.py"):
                return root / name
            if self._is_file(root / f"{name}.py"):
                return root / f"{name}.py"
            if _has_native(root, name):
                return root / name
        if not self.taken(name):
            for root in roots:
                if self._is_namespace(root / name, item):
                    return root / name
        return None

    def _names(self, root: Path) -> frozenset[str]:
        """Return what stands in a folder, without suffixes, and what cells write there."""
        if root not in self.listed:
            names = _listed(root)
            names += [
                path.relative_to(root).parts[0]
                for path in self.written
                if path.is_relative_to(root)
            ]
            self.listed[root] = frozenset(name.partition(".")[0] for name in names)
        return self.listed[root]

    def _is_namespace(self, folder: Path, item: Import) -> bool:
        if not (folder.is_dir() or any(path.parent == folder for path in self.written)):
            return False
        names = [*item.module.split("."), item.member]
        return any(True for _ in self._files(folder.parent, [name for name in names if name]))

    def _files(self, base: Path, names: Sequence[str]) -> Iterator[Path]:
        """Yield the files that importing the dotted name would run."""
        folder = base
        for name in names:
            if self._is_file(folder / name / "__init__.py"):
                yield folder / name / "__init__.py"
            elif self._is_file(folder / f"{name}.py"):
                yield folder / f"{name}.py"
                return
            folder = folder / name

    def _is_file(self, path: Path) -> bool:
        return path in self.written or path.is_file()

    def read(self, file: Path, cells: frozenset[int], base: Path | None = None) -> None:
        """Read one file of the user's, and follow what it imports."""
        before = self.seen.get(file, frozenset())
        if (file in self.seen and cells <= before) or len(self.seen) >= _MOST_FILES:
            return
        self.seen[file] = before | cells
        text = _text(file) if file not in self.written else self.written[file]
        facts = scan_file(text, self.wanted) if text is not None else None
        if facts is None:
            self.tree.broken.append(file)
            return
        self.tree.facts.append((facts, cells))
        for item in facts.imports:
            absolute = _absolute(item, file, base)
            if absolute is not None and not self.follow(absolute, cells):
                self.tree.imports.append(Found(absolute, cells))


def _absolute(item: Import, file: Path, base: Path | None) -> Import | None:
    """Return a relative import as an absolute one, None where it leads out of the package."""
    if not item.level:
        return item
    if base is None or not file.is_relative_to(base):
        return None
    parts = list(file.relative_to(base).parent.parts)
    if item.level > len(parts):
        return None
    parts = parts[: len(parts) - item.level + 1]
    module = ".".join([*parts, item.module] if item.module else parts)
    return Import(module, member=item.member, alias=item.alias, optional=item.optional)


def _has_native(root: Path, name: str) -> bool:
    """Tell whether a compiled module of that name lies in the folder."""
    return any(
        file.startswith(f"{name}.") and file.endswith((".so", ".pyd")) for file in _listed(root)
    )


def _listed(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []


def _text(file: Path) -> str | None:
    try:
        if file.stat().st_size > _LARGEST_FILE:
            return None
        return file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return None
