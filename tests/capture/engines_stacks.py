"""Measure the engine rules against the truth, which comes from running the code.

For each stack: a clean environment with what the code imports and nothing else; each snippet runs
in it. Where that fails, the pool of optional engines is installed, the snippet must then work, and
each group of alternatives is taken away in turn: an engine is *needed* if the snippet fails
without it. The rules are then asked twice: about the snippet alone (static), and in a process that
ran the snippet with the whole pool installed (live).

``python -m tests.capture.engines_stacks [STACK…]`` needs the package index and some minutes; it
prints misses and extras, and writes the truth to ``data/engine_truth.json`` for the quick test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_devbox.capture import capture_notebook
from jupyter_devbox.spec.snapshot import CapturedRequirement
from tests.capture.stacks import STACKS, Stack

HERE = Path(__file__).parent
TRUTH = HERE / "data" / "engine_truth.json"
REPOSITORY = HERE.parents[1]

LIVE = """
import json, sys, warnings
warnings.simplefilter("ignore")
source = open(sys.argv[1], encoding="utf-8").read()
exec(compile(source, "snippet", "exec"), {"__name__": "__main__"})
from pathlib import Path
from jupyter_devbox.capture import capture_live
snapshot = capture_live(cells=[(1, source)], history=[source], notebook=None, project=Path.cwd())
print("CAPTURED " + json.dumps([r.name for r in snapshot.requirements if r.reason == "engine"]))
"""

BATCH = """
import json, os, sys, tempfile, warnings
warnings.simplefilter("ignore")
results = []
for source in json.load(open(sys.argv[1], encoding="utf-8")):
    os.chdir(tempfile.mkdtemp(dir=sys.argv[2]))
    try:
        exec(compile(source, "snippet", "exec"), {"__name__": "__main__"})
        results.append([True, ""])
    except BaseException as error:
        results.append([False, f"{type(error).__name__}: {error}"])
print("RESULTS " + json.dumps(results))
"""

CLOSURE = """
import json, re, sys
from importlib.metadata import PackageNotFoundError, requires
def below(name, seen):
    try:
        lines = requires(name) or []
    except PackageNotFoundError:
        return seen
    for line in lines:
        if "extra ==" not in line:
            other = re.sub("[-_.]+", "-", re.match("[A-Za-z0-9._-]+", line).group()).lower()
            if other not in seen:
                seen.add(other)
                below(other, seen)
    return seen
groups = json.loads(sys.argv[1])
brought = {group: set().union(*(below(n, set()) for n in group.split("|"))) for group in groups}
print(json.dumps([
    group for group in groups
    if not any(set(group.split("|")) & brought[other] for other in groups if other != group)
]))
"""


@dataclass
class Score:
    """Counts of one mode."""

    right: int = 0
    extra: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def add(self, label: str, found: set[str], truth: set[str]) -> None:
        self.right += len(found & truth)
        self.extra += [f"{label}: {name}" for name in sorted(found - truth)]
        self.missed += [f"{label}: {name}" for name in sorted(truth - found)]

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + len(self.extra))

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + len(self.missed))

    def __str__(self) -> str:
        return f"precision {self.precision:.3f}, recall {self.recall:.3f} ({self.right} right)"


def plain(requirement: str) -> str:
    return requirement.partition("=")[0].partition("[")[0]


class Environment:
    """A clean virtual environment, changed by uv."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"
        self._uv("venv", "--quiet", str(folder), "--python", sys.executable)

    def install(self, *requirements: str) -> None:
        self._uv("pip", "install", "--quiet", "--python", str(self.python), *requirements)

    def remove(self, *requirements: str) -> None:
        names = [plain(requirement) for requirement in requirements]
        self._uv("pip", "uninstall", "--quiet", "--python", str(self.python), *names)

    def installed(self) -> set[str]:
        out = self._uv("pip", "list", "--format", "json", "--python", str(self.python))
        return {row["name"].lower() for row in json.loads(out)}

    def without_dependencies(self, groups: list[str]) -> list[str]:
        """Return the groups without those that another one brings with it."""
        _, out = self.run(CLOSURE, json.dumps(groups))
        return json.loads(out)

    def run(self, script: str, *arguments: str, paths: str = "") -> tuple[bool, str]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "script.py"
            file.write_text(script, encoding="utf-8")
            done = subprocess.run(
                [str(self.python), "-W", "ignore", str(file), *arguments],
                cwd=folder,
                env={**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": paths},
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
        return done.returncode == 0, done.stdout + done.stderr

    def run_all(self, sources: list[str]) -> list[tuple[bool, str]]:
        """Run the snippets one after the other in one process; tell which work."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "sources.json"
            file.write_text(json.dumps(sources), encoding="utf-8")
            _, out = self.run(BATCH, str(file), folder)
        lines = [line for line in out.splitlines() if line.startswith("RESULTS ")]
        if not lines:
            raise RuntimeError(out[-1500:])
        return [(works, said) for works, said in json.loads(lines[0].removeprefix("RESULTS "))]

    @staticmethod
    def _uv(*arguments: str) -> str:
        uv = str(Path(sys.executable).with_name("uv"))
        done = subprocess.run([uv, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        return done.stdout


def truth_of(stack: Stack, environment: Environment) -> tuple[list[dict], set[str]]:
    """Return for each snippet the groups it needs, and what the base brings by itself."""
    environment.install(*stack.base.split(), "packaging")
    there = environment.installed()
    rows = [
        {"source": source, "needs": [], "works": works}
        for source, (works, _) in zip(
            stack.snippets, environment.run_all(list(stack.snippets)), strict=True
        )
    ]
    waiting = [row for row in rows if not row["works"]]
    sources = [row["source"] for row in waiting]
    groups = [group for group in stack.groups if not {plain(name) for name in group} <= there]
    every = [name for group in groups for name in group]
    environment.install(*every)
    for row, (works, said) in zip(waiting, environment.run_all(sources), strict=True):
        row["works"], row["said"] = works, said
    for group in groups:
        environment.remove(*group)
        for row, (works, _) in zip(waiting, environment.run_all(sources), strict=True):
            if row["works"] and not works:
                row["needs"].append("|".join(plain(name) for name in group))
        environment.install(*every)
    for row in waiting:
        row["needs"] = environment.without_dependencies(row["needs"])
    return rows, there


def live(environment: Environment, source: str) -> set[str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "snippet.py"
        file.write_text(source, encoding="utf-8")
        _, out = environment.run(LIVE, str(file), paths=str(REPOSITORY))
    lines = [line for line in out.splitlines() if line.startswith("CAPTURED ")]
    if not lines:
        raise RuntimeError(out[-1500:])
    return set(json.loads(lines[0].removeprefix("CAPTURED ")))


def static(source: str) -> set[str]:
    """Return the engines that capture names for a snippet alone."""
    return {r.name for r in _captured(source) if r.reason == "engine"}


def imported_by(source: str, stack: Stack) -> set[str]:
    """Return the groups that the snippet imports by itself: those are no engines."""
    names = {r.name for r in _captured(source) if r.reason == "import"}
    return as_groups(names, stack, set())


def _captured(source: str) -> tuple[CapturedRequirement, ...]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "n.ipynb"
        cells = [{"cell_type": "code", "source": source}]
        path.write_text(json.dumps({"nbformat": 4, "cells": cells}))
        return capture_notebook(path, project=Path(folder)).requirements


def as_groups(names: set[str], stack: Stack, there: set[str]) -> set[str]:
    """Return engines as the stack's groups; what the base has anyway counts neither way."""
    groups = {plain(name): "|".join(map(plain, group)) for group in stack.groups for name in group}
    return {groups.get(name, name) for name in names if name not in there}


def measure(name: str, folder: Path) -> Iterator[tuple[str, dict, set[str], set[str]]]:
    """Yield (label, row, found statically, found live) for the snippets of one stack."""
    stack = STACKS[name]
    environment = Environment(folder / name)
    rows, there = truth_of(stack, environment)
    for number, row in enumerate(rows, start=1):
        label = f"{name} {number}"
        if not row["works"]:
            print(f"{label} does not run at all: {row['said'][:200]}")
            continue
        row["base"] = sorted(there)
        row["needs"] = sorted(set(row["needs"]) - imported_by(row["source"], stack))
        found_live = live(environment, row["source"])
        yield (
            label,
            row,
            as_groups(static(row["source"]), stack, there),
            as_groups(found_live, stack, there),
        )


def main() -> int:
    chosen = sys.argv[1:] or list(STACKS)
    recorded = json.loads(TRUTH.read_text()) if TRUTH.exists() else {}
    by_static, by_live = Score(), Score()
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen:
            here_static, here_live = Score(), Score()
            kept = []
            for label, row, found_static, found_live in measure(name, Path(folder)):
                needs = set(row["needs"])
                for score in (by_static, here_static):
                    score.add(label, found_static, needs)
                for score in (by_live, here_live):
                    score.add(label, found_live, needs)
                kept.append({"source": row["source"], "needs": row["needs"]})
                base = row["base"]
            recorded[name] = {"base": base, "pool": STACKS[name].pool, "rows": kept}
            print(f"{name:12} static {here_static}; live {here_live}", flush=True)
            TRUTH.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")
    for mode, score in (("static", by_static), ("live", by_live)):
        print(f"{mode}: {score}")
        for what, found in (("extra", score.extra), ("missed", score.missed)):
            for line in found:
                print(f"  {what} {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
