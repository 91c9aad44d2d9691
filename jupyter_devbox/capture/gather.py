"""All cells of a notebook together: imports, installs, packages, local modules, engine uses."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from jupyter_devbox.capture.commands import ShellFacts, read_shell
from jupyter_devbox.capture.engine_calls import Use
from jupyter_devbox.capture.imports import Import
from jupyter_devbox.capture.local import Found, LocalWalk
from jupyter_devbox.capture.notebook import Cell, read_notebook
from jupyter_devbox.capture.requirement import Folders, Install, Skipped
from jupyter_devbox.capture.resolve import Need, is_stdlib
from jupyter_devbox.capture.scan import CellFacts, scan_cell
from jupyter_devbox.errors import CaptureError
from jupyter_devbox.spec.snapshot import CaptureWarning

_IPYTHONS_OWN = frozenset({"autoreload", "storemagic", "IPython.extensions.autoreload"})
_WIDGET_BACKENDS = ("widget", "ipympl", "module://ipympl")
_NO_BACKEND = frozenset({"agg", "--list", "-l"})


@dataclass(slots=True)
class Gathered:
    """What the cells say, joined, before any name is resolved."""

    found: list[Found] = field(default_factory=list)
    installs: list[Install] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    apt: list[str] = field(default_factory=list)
    programs: list[tuple[str, frozenset[int]]] = field(default_factory=list)
    written: dict[Path, str] = field(default_factory=dict)
    run: list[tuple[str, frozenset[int]]] = field(default_factory=list)
    uses: list[tuple[Use, frozenset[int]]] = field(default_factory=list)
    magics: dict[str, set[int]] = field(default_factory=dict)
    warnings: list[CaptureWarning] = field(default_factory=list)


@dataclass(slots=True)
class Gatherer:
    """Reads cells one after the other; folders that a cell enters hold for the later ones.

    Parameters
    ----------
    here
        The notebook's folder.
    project
        The project's root: nothing that an install line names is read outside of it.
    wanted
        Words that engine rules look for.
    """

    here: Path
    project: Path
    wanted: frozenset[str]
    found: Gathered = field(default_factory=Gathered)
    roots: list[Path] = field(default_factory=list)
    current: Path | None = None

    def read(self, cells: Iterable[Cell]) -> None:
        """Add what the cells say."""
        self.current = self.current or self.here
        for cell in cells:
            facts = scan_cell(cell.source, self.wanted)
            self._add(facts, cell.number)

    def _add(self, facts: CellFacts, number: int | None) -> None:
        cells = frozenset() if number is None else frozenset({number})
        if facts.broken:
            message = "A cell is no Python; only its import lines were read."
            self.found.warnings.append(
                CaptureWarning(code="broken-cell", message=message, cell=number)
            )
        self.found.found.extend(Found(item, cells) for item in facts.imports)
        self.found.uses.extend((use, cells) for use in facts.uses)
        for name in facts.extensions:
            self._extension(name, cells)
        for path, body in facts.written.items():
            if (file := self._inside(path)) is not None:
                self.found.written[file] = body
        for name, line in facts.magics:
            self._magic(name, line, cells)
        for target in facts.run:
            self.found.run.append((target, cells))
        for text in facts.shell:
            self._shell(text, cells, number)
        for folder in facts.folders:
            self._folder(folder)

    def _extension(self, name: str, cells: frozenset[int]) -> None:
        parts = name.split(".")
        if name not in _IPYTHONS_OWN and all(part.isidentifier() for part in parts):
            self.found.found.append(Found(Import(name), cells))

    def _magic(self, name: str, line: str, cells: frozenset[int]) -> None:
        words = line.split()
        if name == "matplotlib" and not (words and words[0] in _NO_BACKEND):
            self._mark("matplotlib", cells)
            if words and words[0].startswith(_WIDGET_BACKENDS):
                self._mark("matplotlib_widget", cells)
        elif name == "pylab":
            for module in ("numpy", "matplotlib.pyplot"):
                self.found.found.append(Found(Import(module), cells))
        elif name == "cython":
            self._mark("cython", cells)

    def _mark(self, name: str, cells: frozenset[int]) -> None:
        self.found.magics.setdefault(f"__magic__.{name}", set()).update(cells)

    def _shell(self, text: str, cells: frozenset[int], number: int | None) -> None:
        facts = read_shell(text, Folders(here=self.current or self.here, project=self.project))
        self.found.installs.extend(replace(item, cell=number) for item in facts.installs)
        self.found.indexes.extend(facts.indexes)
        self.found.apt.extend(facts.apt)
        self.found.programs.extend((program, cells) for program in facts.programs)
        self.found.run.extend((script, cells) for script in facts.scripts)
        self._modules(facts, cells)
        for note in facts.notes:
            self.found.warnings.append(_warning(note, number))
        for folder in facts.folders:
            self._add_root(folder)

    def _modules(self, facts: ShellFacts, cells: frozenset[int]) -> None:
        for module in facts.modules:
            self.found.found.append(Found(Import(module), cells))

    def _folder(self, text: str) -> None:
        """Enter a folder (``%cd``) or add one to the import path."""
        folder = self._add_root(text)
        if folder is not None:
            self.current = folder

    def _add_root(self, text: str) -> Path | None:
        folder = self._resolved(text)
        if folder is not None and folder not in self.roots and folder != self.here:
            self.roots.append(folder)
        return folder

    def _resolved(self, text: str) -> Path | None:
        if not text or not text.isprintable() or text.startswith("~") or "{" in text:
            return None
        try:
            folder = ((self.current or self.here) / text).resolve()
            return folder if folder.is_dir() else None
        except (OSError, RuntimeError, ValueError):
            return None

    def _inside(self, text: str) -> Path | None:
        folders = Folders(here=self.current or self.here, project=self.project)
        return folders.inside(text) if text.isprintable() else None

    def follow(self, taken: Collection[str], elsewhere: Sequence[Path] = ()) -> LocalWalk:
        """Follow the imports into local modules; `taken` are names that belong to distributions.

        `elsewhere` are folders that an interpreter imports the user's own modules from.
        """
        walk = LocalWalk(
            roots=[self.here, *self.roots, *elsewhere],
            written=self.found.written,
            wanted=self.wanted,
            taken=lambda name: name in taken,
        )
        for target, cells in self.found.run:
            self._follow_run(target, cells, walk)
        for found in self.found.found:
            item = found.item
            if item.level or is_stdlib(item.module) or walk.follow(item, found.cells):
                continue
            walk.tree.imports.append(found)
        return walk

    def _follow_run(self, target: str, cells: frozenset[int], walk: LocalWalk) -> None:
        """Read a script that the notebook runs, or a notebook that ``%run`` runs."""
        file = self._inside(target if target.endswith((".py", ".ipynb")) else f"{target}.py")
        if file is None:
            return
        if file.suffix == ".ipynb":
            self._mark("run_notebook", cells)
            self._follow_notebook(file, cells, walk)
        elif file in self.found.written or file.is_file():
            walk.read(file, cells, file.parent)

    def _follow_notebook(self, file: Path, cells: frozenset[int], walk: LocalWalk) -> None:
        try:
            notebook = read_notebook(file)
        except CaptureError:
            return
        for cell in notebook.cells:
            facts = scan_cell(cell.source, self.wanted)
            walk.tree.facts.append((facts, cells))
            for item in facts.imports:
                if not item.level and not walk.follow(item, cells):
                    walk.tree.imports.append(Found(item, cells))


def needs_of(found: Iterable[Found]) -> list[Need]:
    """Return the imports joined by dotted name, sorted."""
    needs: dict[str, Need] = {}
    for each in found:
        item = each.item
        if item.level or not item.module or is_stdlib(item.module):
            continue
        need = needs.setdefault(item.dotted, Need(item.dotted, item.module))
        need.optional = need.optional and item.optional
        need.cells.update(each.cells)
    return [needs[name] for name in sorted(needs)]


def aliases_of(found: Iterable[Found]) -> Mapping[str, str]:
    """Return the names that the code uses for modules and members, with their dotted names."""
    aliases: dict[str, str] = {}
    for each in found:
        item = each.item
        if item.alias:
            plain = (
                not item.member
                and "." not in item.alias
                and item.alias == item.module.split(".")[0]
            )
            aliases[item.alias] = item.alias if plain else item.dotted
    return aliases


def _warning(note: Skipped, number: int | None) -> CaptureWarning:
    return CaptureWarning(code=note.code, message=note.message, cell=number)
