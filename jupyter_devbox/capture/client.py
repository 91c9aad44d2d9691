"""The use cases of capture: a saved notebook alone, with its interpreter, or in its live kernel."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_devbox.capture import apt, probe
from jupyter_devbox.capture.engines import (
    Known,
    brought_by,
    choose_engines,
    engine_names,
    engine_rules,
    find_engines,
    loaded_engines,
)
from jupyter_devbox.capture.gather import Gatherer, aliases_of, needs_of
from jupyter_devbox.capture.importmap import mapped_tops
from jupyter_devbox.capture.local import LocalWalk
from jupyter_devbox.capture.notebook import Cell, read_notebook
from jupyter_devbox.capture.resolve import (
    Answer,
    Draft,
    Resolution,
    named_by_imports,
    requirements,
    resolve,
    unresolved_imports,
)
from jupyter_devbox.errors import ProbeError
from jupyter_devbox.spec.snapshot import (
    AptRequirement,
    CapturedRequirement,
    CaptureWarning,
    InstalledDistribution,
    KernelSnapshot,
    LocalModule,
)

Probe = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def capture_notebook(path: Path, *, project: Path) -> KernelSnapshot:
    """Return what a saved notebook says by itself; nothing needs to be installed.

    Raises
    ------
    NotebookError, UnsupportedKernelError
        When the file is no Python notebook that can be read.
    """
    notebook = read_notebook(path)
    work = _Capture(here=path.resolve().parent, project=project.resolve())
    return work.snapshot(notebook.cells, name=_relative(path, project), python=notebook.python)


def capture_environment(
    path: Path, *, project: Path, interpreter_probe: Callable[[str], str]
) -> KernelSnapshot:
    """Return what a saved notebook says, with the versions that its interpreter has installed.

    Parameters
    ----------
    path, project
        The notebook, and the project's root.
    interpreter_probe
        Runs ``probe.py`` in the notebook's interpreter: JSON request in, JSON answer out.

    Raises
    ------
    NotebookError, UnsupportedKernelError
        When the file is no Python notebook that can be read.
    ProbeError
        When the interpreter's answer cannot be read.
    """
    notebook = read_notebook(path)

    def ask(request: Mapping[str, Any]) -> Mapping[str, Any]:
        return _decoded(interpreter_probe(json.dumps(request)))

    work = _Capture(here=path.resolve().parent, project=project.resolve(), probe=ask)
    return work.snapshot(notebook.cells, name=_relative(path, project), python=notebook.python)


def capture_live(
    *,
    cells: Sequence[tuple[int | None, str]],
    history: Sequence[str],
    notebook: Path | None,
    project: Path,
    loaded: bool = True,
    ask: Probe = probe.answer,
) -> KernelSnapshot:
    """Return what the running kernel uses. Called in the kernel itself, or with `ask` elsewhere.

    Parameters
    ----------
    cells
        The saved notebook's code cells with their numbers.
    history
        What was executed (``In[]``), raw.
    notebook
        The notebook's path; None for a kernel without one.
    project
        The project's root.
    loaded
        Whether the modules that this process has loaded are the notebook's.
    ask
        Answers the probe's requests in that kernel; by default this process is it.
    """
    here = notebook.resolve().parent if notebook is not None else Path.cwd()
    saved, ran = {source for _, source in cells}, set(history)
    every = [Cell(number, source) for number, source in cells]
    every += [Cell(None, text) for text in dict.fromkeys(history) if text not in saved]
    work = _Capture(here=here, project=project.resolve(), probe=ask, loaded=loaded)
    if loaded and history:
        work.executed = frozenset(number for number, text in cells if number and text in ran)
    name = _relative(notebook, project) if notebook is not None else ""
    return work.snapshot(every, name=name, python=platform.python_version())


def _relative(path: Path, project: Path) -> str:
    full, root = path.resolve(), project.resolve()
    return full.relative_to(root).as_posix() if full.is_relative_to(root) else path.name


def _decoded(text: str) -> Mapping[str, Any]:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"The notebook's interpreter gave no answer that can be read: `{text[:60]}`"
        hint = "Run `python -m ipykernel --version` with that interpreter."
        raise ProbeError(message, hint=hint) from error
    if not isinstance(answer, dict) or answer.get("schema") != 1:
        message = "The notebook's interpreter gave an answer of another form."
        raise ProbeError(message, hint="Update jupyter-devbox in both environments.")
    return answer


@dataclass(slots=True)
class _Capture:
    """One run of capture; `probe` None for a static scan, `executed` None outside of a kernel."""

    here: Path
    project: Path
    probe: Probe | None = None
    loaded: bool = False
    executed: frozenset[int] | None = None
    answer: Answer = field(default_factory=Answer)
    told: Mapping[str, Any] = field(default_factory=dict)

    def snapshot(self, cells: Iterable[Cell], *, name: str, python: str) -> KernelSnapshot:
        gatherer = Gatherer(self.here, self.project, engine_rules().words)
        gatherer.read(cells)
        walk = self._follow(gatherer)
        needs = needs_of(walk.tree.imports)
        installs = named_by_imports(gatherer.found.installs, needs)
        result = resolve(needs, installs, self.answer)
        engines, apt_by_use = self._engines(gatherer, walk, result)
        found = requirements(result, installs, self.answer)
        found += self._engine_requirements(engines)
        return KernelSnapshot(
            notebook=name,
            python=str(self.told.get("python") or python),
            platform=str(self.told.get("platform") or _platform()),
            requirements=tuple(sorted(found, key=lambda r: r.name)),
            apt=self._apt(gatherer, walk, found, apt_by_use),
            local_modules=self._local_modules(walk),
            unresolved=unresolved_imports(result),
            warnings=_sorted_warnings(
                [*gatherer.found.warnings, *result.warnings, *_broken_files(walk, self.here)]
            ),
            indexes=tuple(dict.fromkeys(gatherer.found.indexes)),
            installed=tuple(
                InstalledDistribution(name=name, version=version, size=size)
                for name, version, size in self.told.get("environment", ())
            ),
            live=self.probe is not None and self.loaded,
        )

    def _follow(self, gatherer: Gatherer) -> LocalWalk:
        """Follow local modules; with an interpreter, ask it about all names, twice if need be."""
        mapped = mapped_tops()
        if self.probe is None:
            return gatherer.follow(mapped)
        walk = gatherer.follow(mapped)
        self._ask(gatherer, walk)
        elsewhere = self._local_folders()
        if elsewhere or self._hidden(walk):
            owned = mapped | self._owned()
            walk = gatherer.follow(owned, elsewhere)
            for top in self._hidden(walk):
                walk.tree.modules.pop(top, None)
            self._ask(gatherer, walk)
        return walk

    def _ask(self, gatherer: Gatherer, walk: LocalWalk) -> None:
        if self.probe is None:
            return
        needs = needs_of(walk.tree.imports)
        installs = {install.name for install in gatherer.found.installs}
        self.told = self.probe(
            {
                "imports": [need.dotted for need in needs],
                "distributions": sorted(installs | engine_names()),
                "preferred": sorted(installs),
                "loaded": self.loaded,
                "environment": True,
                "closure": True,
                "libraries": self.loaded,
            }
        )
        self.answer = Answer(self.told["modules"], self.told["distributions"])

    def _local_folders(self) -> list[Path]:
        """Return the folders of modules that the interpreter takes from the user's own files."""
        folders = []
        for told in self.answer.modules.values():
            if told["kind"] == "local" and told["file"]:
                up = told["module"].count(".") + Path(told["file"]).name.startswith("__init__.")
                folders.append(Path(told["file"]).parents[up])
        return list(dict.fromkeys(folders))

    def _owned(self) -> set[str]:
        return {
            name.split(".")[0]
            for name, told in self.answer.modules.items()
            if told["kind"] == "distribution"
        }

    def _hidden(self, walk: LocalWalk) -> set[str]:
        """Return local names that the interpreter takes from a distribution after all."""
        return self._owned() & set(walk.tree.modules)

    def _engines(
        self, gatherer: Gatherer, walk: LocalWalk, result: Resolution
    ) -> tuple[dict[str, set[int]], dict[str, str]]:
        every = [*gatherer.found.found, *walk.tree.imports]
        imported: dict[str, set[int]] = {}
        for need in needs_of(every):
            imported.setdefault(need.dotted, set()).update(need.cells)
            imported.setdefault(need.module, set()).update(need.cells)
        for name in walk.tree.modules:
            imported.pop(name, None)
        imported.update(gatherer.found.magics)
        uses = [*gatherer.found.uses]
        uses += [(use, cells) for facts, cells in walk.tree.facts for use in facts.uses]
        needs = find_engines(uses, aliases_of(every), imported)
        known = self._known(result)
        chosen = choose_engines(needs, known)
        if self.loaded:
            tops = {name.partition(".")[0] for name in imported}
            for name in loaded_engines(tops, chosen, known):
                chosen.setdefault(name, set())
        for program, cells in gatherer.found.programs:
            command = apt.apt_rules().commands.get(program, "")
            there = known.installed is None or command in known.installed
            if command and there and command not in known.direct:
                chosen.setdefault(command, set()).update(cells)
        return chosen, needs.apt

    def _known(self, result: Resolution) -> Known:
        absent = {
            name.partition(".")[0]
            for dist, draft in result.drafts.items()
            if dist not in self.answer.distributions
            for name in draft.imports
        }
        return Known(
            direct=frozenset(result.drafts),
            closure=frozenset(self.told.get("closure", ())) or brought_by(result.drafts),
            absent=frozenset(absent),
            installed=self.answer.distributions if self.probe is not None else None,
            executed=self.executed,
        )

    def _engine_requirements(self, engines: Mapping[str, set[int]]) -> list[CapturedRequirement]:
        """Return the engines as requirements, with what is installed of them."""
        result = Resolution()
        for name, cells in engines.items():
            result.drafts[name] = Draft("engine", cells=set(cells))
        return requirements(result, [], self.answer)

    def _apt(
        self,
        gatherer: Gatherer,
        walk: LocalWalk,
        found: Sequence[CapturedRequirement],
        by_use: Mapping[str, str],
    ) -> tuple[AptRequirement, ...]:
        imported = {name for r in found if r.reason == "import" for name in r.imports}
        imported |= {need.dotted for need in needs_of(walk.tree.imports)}
        rules = apt.packages_of_programs(program for program, _ in gatherer.found.programs)
        rules |= dict(by_use) | apt.packages_of_imports(imported, {r.name for r in found})
        packages: dict[str, AptRequirement] = {}
        for name in gatherer.found.apt:
            packages[name] = AptRequirement(name=name, reason="!apt-get")
        libraries = apt.packages_of_libraries(self.told.get("libraries", ()))
        for name, detail in sorted(libraries.items()):
            packages.setdefault(
                name, AptRequirement(name=name, reason="shared library", detail=detail)
            )
        for name, detail in sorted(rules.items()):
            packages.setdefault(name, AptRequirement(name=name, reason="rule", detail=detail))
        return tuple(packages[name] for name in sorted(packages))

    def _local_modules(self, walk: LocalWalk) -> tuple[LocalModule, ...]:
        modules = []
        for name, path in sorted(walk.tree.modules.items()):
            inside = path.is_relative_to(self.project)
            shown = _from(path, self.here) if inside else path.as_posix()
            modules.append(LocalModule(name=name, path=shown, inside=inside))
        return tuple(modules)


def _from(path: Path, folder: Path) -> str:
    """Return the path relative to the folder, with ``..`` where it must climb."""
    shared = next(p for p in (folder, *folder.parents) if path.is_relative_to(p))
    up = len(folder.relative_to(shared).parts)
    return "/".join([*([".."] * up), *path.relative_to(shared).parts])


def _broken_files(walk: LocalWalk, here: Path) -> list[CaptureWarning]:
    return [
        CaptureWarning(
            code="broken-file", message=f"A local module cannot be read: `{_from(file, here)}`"
        )
        for file in walk.tree.broken
    ]


def _sorted_warnings(warnings: Collection[CaptureWarning]) -> tuple[CaptureWarning, ...]:
    return tuple(sorted(set(warnings), key=lambda w: (w.cell or 0, w.code, w.message)))


def _platform() -> str:
    machine = platform.machine().lower()
    names = {"x86_64": "amd64", "aarch64": "arm64"}
    return f"{sys.platform.replace('win32', 'windows')}/{names.get(machine, machine)}"
