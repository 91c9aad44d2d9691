"""Optional engines: distributions that a library loads only when a certain call is made.

An engine is no import of the user's, and which ones are installed or loaded says little: pandas
loads numexpr and pyarrow on its own import when they are there. So the rules of
``data/engines.json`` name the *use* that needs the engine: a call (``to_excel``), an argument
(``engine="h5netcdf"``), the end of a file name, the scheme of a URL, or an import
(``tqdm.notebook``). Where an interpreter was asked, an engine counts only if it is installed and
no dependency of what is captured anyway; in a kernel that has executed the use, only if it is
loaded. A loaded engine counts without a matching use only if
its row says that nothing but such a use loads it (``"evidence"``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from jupyter_devbox.capture.engine_calls import Use

_DATA = Path(__file__).with_name("data") / "engines.json"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: a use of a package, and what that use needs.

    `engines` are needed together; of `anyof` one is enough, the first is the usual one. The first
    matching rule of a `group` wins.
    """

    packages: frozenset[str]
    uses: frozenset[str] = frozenset()
    imports: tuple[str, ...] = ()
    scheme: re.Pattern[str] | None = None
    keyword: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    text: re.Pattern[str] | None = None
    chain: str = ""
    group: str = ""
    engines: tuple[str, ...] = ()
    anyof: tuple[str, ...] = ()
    apt: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules, and the words that a text must have for any of them to match."""

    rules: tuple[Rule, ...]
    by_use: Mapping[str, tuple[Rule, ...]]
    by_scheme: tuple[Rule, ...]
    by_import: tuple[Rule, ...]
    evidence: tuple[tuple[frozenset[str], tuple[str, ...]], ...]
    companions: Mapping[str, str]
    brings: Mapping[str, list[str]]
    words: frozenset[str]


@dataclass(slots=True)
class Needed:
    """An engine's alternatives, the usual one first, with the packages and cells that use it."""

    anyof: tuple[str, ...]
    packages: set[str] = field(default_factory=set)
    cells: set[int] = field(default_factory=set)


@dataclass(slots=True)
class EngineNeeds:
    """What the rules found: distributions and Debian packages."""

    dists: dict[tuple[str, ...], Needed] = field(default_factory=dict)
    apt: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known besides the code.

    Parameters
    ----------
    direct
        Distributions that are captured for another reason.
    closure
        What those bring with them.
    absent
        Imported packages that the interpreter does not have.
    installed
        The probe's report by distribution; None without an interpreter.
    executed
        Cells that this kernel has executed; None outside of a kernel.
    """

    direct: frozenset[str]
    closure: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    installed: Mapping[str, Mapping[str, Any]] | None = None
    executed: frozenset[int] | None = None


@lru_cache(maxsize=1)
def engine_rules() -> Rules:
    """Return the rules of the data file."""
    data = json.loads(_DATA.read_text(encoding="utf-8"))
    rules = tuple(_rule(row) for row in data["rules"])
    by_use: dict[str, list[Rule]] = {}
    for rule in rules:
        for use in rule.uses:
            by_use.setdefault(use, []).append(rule)
    keywords = {k for rule in rules if "*" in rule.uses for k in rule.keyword}
    schemes = {word for row in data["rules"] for word in row.get("scheme", ())}
    return Rules(
        rules=rules,
        by_use={use: tuple(found) for use, found in by_use.items()},
        by_scheme=tuple(rule for rule in rules if rule.scheme is not None),
        by_import=tuple(rule for rule in rules if rule.imports),
        evidence=tuple(
            (frozenset(row["packages"]), tuple(row["engines"])) for row in data["evidence"]
        ),
        companions=data["companions"],
        brings=data["brings"],
        words=frozenset(by_use) | keywords | {re.split(r"[^\w]", s)[0] for s in schemes},
    )


def _rule(row: Mapping[str, Any]) -> Rule:
    schemes = row.get("scheme")
    return Rule(
        packages=frozenset(row.get("packages", ())),
        uses=frozenset(row.get("uses", ())),
        imports=tuple(row.get("imports", ())),
        scheme=re.compile("|".join(f"{re.escape(s)}://" for s in schemes)) if schemes else None,
        keyword={name: re.compile(value) for name, value in row.get("keyword", {}).items()},
        text=re.compile(row["text"]) if "text" in row else None,
        chain=row.get("chain", ""),
        group=row.get("group", ""),
        engines=tuple(row.get("engines", ())),
        anyof=tuple(row.get("anyof", ())),
        apt=tuple(row.get("apt", ())),
    )


def find_engines(
    uses: Iterable[tuple[Use, Collection[int]]],
    aliases: Mapping[str, str],
    imported: Mapping[str, Collection[int]],
) -> EngineNeeds:
    """Return the engines that uses and imports call for.

    Parameters
    ----------
    uses
        Uses with the cells they stand in.
    aliases
        Names that the code gives to imported modules and members, with their dotted names.
    imported
        Dotted names that are imported, with their cells.
    """
    rules = engine_rules()
    tops = {name.split(".")[0] for name in imported}
    found = EngineNeeds()
    for use, cells in uses:
        matched: set[str] = set()
        for rule in _candidates(use, rules):
            if rule.group and rule.group in matched:
                continue
            if (not rule.packages or rule.packages & tops) and _matches(rule, use, aliases):
                matched.add(rule.group)
                _add(rule, cells, found, use.attribute or "URL")
    for rule in rules.by_import:
        for name in sorted(imported):
            if any(name == p or name.startswith(f"{p}.") for p in rule.imports):
                _add(rule, imported[name], found, name, packages={name.partition(".")[0]})
    return found


def _candidates(use: Use, rules: Rules) -> Iterator[Rule]:
    yield from rules.by_use.get(use.attribute, ())
    if use.keywords:
        yield from rules.by_use.get("*", ())
    if any("://" in text for text in use.strings):
        yield from rules.by_scheme


def _matches(rule: Rule, use: Use, aliases: Mapping[str, str]) -> bool:
    if rule.scheme is not None:
        return any(rule.scheme.match(text) for text in use.strings)
    if not _rooted(rule, use, aliases):
        return False
    if rule.chain and rule.chain not in use.chain:
        return False
    for name, pattern in rule.keyword.items():
        if not pattern.fullmatch(use.keywords.get(name, "")):
            return False
    texts = (*use.strings, *use.keywords.values())
    return rule.text is None or any(rule.text.search(text) for text in texts)


def _rooted(rule: Rule, use: Use, aliases: Mapping[str, str]) -> bool:
    """Tell whether the expression may belong to the rule's packages: no other module's name."""
    first = use.root or (use.attribute if use.called or use.attribute in aliases else "")
    known = aliases.get(first)
    if known is None:
        return bool(use.root) or bool(use.chain) or not use.called or "*" in rule.uses
    if not rule.packages:
        return True
    return any(known == p or known.startswith(f"{p}.") for p in rule.packages) or (
        use.root != "" and "." in known and known.split(".")[0] in rule.packages
    )


def _add(
    rule: Rule,
    cells: Collection[int],
    found: EngineNeeds,
    why: str,
    packages: Collection[str] | None = None,
) -> None:
    for group in [(name,) for name in rule.engines] + ([rule.anyof] if rule.anyof else []):
        need = found.dists.setdefault(group, Needed(group))
        need.packages.update(rule.packages if packages is None else packages)
        need.cells.update(cells)
    for package in rule.apt:
        found.apt.setdefault(package, why)


def choose_engines(needs: EngineNeeds, known: Known) -> dict[str, set[int]]:
    """Return the engines to capture, with their cells.

    Without an interpreter, and where none of the packages that would load it is there either, that
    is the usual alternative of each; else it is the loaded one, or the first that is installed.
    Where the kernel has executed every cell that uses it, it must be loaded, else no call needed
    it.
    """
    chosen: dict[str, set[int]] = {}
    companions = engine_rules().companions
    for need in sorted(needs.dists.values(), key=lambda need: len(need.anyof)):
        there = known.direct | known.closure | (set(chosen) if len(need.anyof) > 1 else set())
        if not there.isdisjoint(need.anyof):
            continue
        ran = known.executed is not None and need.cells <= known.executed
        name = _choice(need.anyof, known.installed, loaded_only=ran)
        if name is None and not need.packages.isdisjoint(known.absent):
            name = need.anyof[0]
        if name is not None:
            for each in filter(None, (name, companions.get(name))):
                chosen.setdefault(each, set()).update(need.cells)
    brought = brought_by(chosen)
    return {name: cells for name, cells in chosen.items() if name not in brought}


def brought_by(dists: Iterable[str]) -> frozenset[str]:
    """Return what common distributions are known to depend on."""
    table = engine_rules().brings
    return frozenset(name for dist in dists for name in table.get(dist, ()))


def _choice(
    anyof: tuple[str, ...],
    installed: Mapping[str, Mapping[str, Any]] | None,
    *,
    loaded_only: bool,
) -> str | None:
    if installed is None:
        return anyof[0]
    present = [name for name in anyof if name in installed]
    loaded = [name for name in present if installed[name].get("loaded")]
    return next(iter(loaded or ([] if loaded_only else present)), None)


def loaded_engines(tops: Collection[str], chosen: Collection[str], known: Known) -> set[str]:
    """Return the engines whose being loaded proves a call, whatever the code looks like.

    A library may load several of a family to see which are there; so where one of them is known
    already, the rest is no evidence.
    """
    found: set[str] = set()
    there = known.direct | known.closure | set(chosen)
    installed = known.installed or {}
    for packages, family in engine_rules().evidence:
        if there.isdisjoint(family) and not packages.isdisjoint(tops):
            loaded = [name for name in family if installed.get(name, {}).get("loaded")]
            found.update(loaded[:1])
    return found


def engine_names() -> frozenset[str]:
    """Return every distribution that a rule names, for the probe to report on."""
    rules = engine_rules()
    named = {name for rule in rules.rules for name in (*rule.engines, *rule.anyof)}
    return frozenset(named | {name for _, engines in rules.evidence for name in engines})
