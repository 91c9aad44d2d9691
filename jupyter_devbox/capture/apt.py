"""Debian packages: of programs and imports by rule, of loaded shared libraries by dpkg's lists."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jupyter_devbox.capture.apt_lines import is_debian_name

_DATA = Path(__file__).with_name("data") / "apt.json"
_DPKG = Path("/var/lib/dpkg")
_INTERPRETER = re.compile(r"(lib)?python[\d.]*(-.*)?|libmpdec\d+|pypy.*")
_DRIVER = re.compile(r"libnvidia-.*|nvidia-.*|libcuda\d*|libcuda\.so.*")
_TIME64 = re.compile(r"^(lib.+\d)t64$")


@dataclass(frozen=True, slots=True)
class AptRules:
    """The curated tables.

    Parameters
    ----------
    programs
        Program → packages that bring it.
    imports
        Import prefix → packages without which the import, or its main use, fails.
    commands
        Program → distribution that brings it as a console script.
    base
        Packages that the slim base image has already.
    """

    programs: Mapping[str, tuple[str, ...]]
    imports: Mapping[str, tuple[str, ...]]
    commands: Mapping[str, str]
    base: frozenset[str]


@lru_cache(maxsize=1)
def apt_rules() -> AptRules:
    """Return the tables of the data file."""
    data = json.loads(_DATA.read_text(encoding="utf-8"))
    return AptRules(
        programs={name: tuple(packages) for name, packages in data["programs"].items()},
        imports={name: tuple(packages) for name, packages in data["imports"].items()},
        commands=data["commands"],
        base=frozenset(data["base"]),
    )


def packages_of_programs(programs: Iterable[str]) -> dict[str, str]:
    """Return the packages of the programs, with the program as detail."""
    rules = apt_rules()
    return {
        package: program
        for program in programs
        for package in rules.programs.get(program, ())
        if package not in rules.base
    }


def packages_of_imports(imported: Iterable[str], dists: Collection[str]) -> dict[str, str]:
    """Return the packages of imports that need them, with the import as detail.

    A headless build of OpenCV needs none of what the usual one needs.
    """
    found: dict[str, str] = {}
    rules = apt_rules()
    headless = any(name.startswith("opencv") and name.endswith("headless") for name in dists)
    for name in sorted(imported):
        for prefix, packages in rules.imports.items():
            if (name == prefix or name.startswith(f"{prefix}.")) and not (
                prefix == "cv2" and headless
            ):
                found.update((package, prefix) for package in packages)
    return found


def packages_of_libraries(libraries: Iterable[str], dpkg: Path = _DPKG) -> dict[str, str]:
    """Return the packages of a process's shared libraries, with the library as detail.

    Left out are libraries of Python distributions and of the interpreter itself, of graphics
    drivers, and of packages that the base image has.
    """
    paths = frozenset(path for path in libraries if not _is_pythons(path))
    owners = _owners(paths, str(dpkg), _stamp(dpkg)) if paths else {}
    base = apt_rules().base
    found: dict[str, str] = {}
    for path in sorted(paths):
        package = owners.get(path)
        if package is None:
            continue
        package = _TIME64.sub(r"\1", package)
        if (
            package not in base
            and is_debian_name(package)
            and not _INTERPRETER.fullmatch(package)
            and not _DRIVER.fullmatch(package)
        ):
            found.setdefault(package, Path(path).name)
    return found


def _is_pythons(path: str) -> bool:
    parts = path.split("/")
    if "site-packages" in parts or "dist-packages" in parts:
        return True
    own = {sys.prefix, sys.base_prefix} - {"/usr", "/usr/local", "/"}
    return any(path.startswith(prefix + "/") for prefix in own)


def _stamp(dpkg: Path) -> int:
    try:
        return (dpkg / "status").stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=8)
def _owners(paths: frozenset[str], dpkg: str, stamp: int) -> dict[str, str]:  # noqa: ARG001
    """Return package by path, from dpkg's own lists; `stamp` makes a change of them count.

    A library's path is looked for in both spellings, ``/lib/…`` and ``/usr/lib/…``.
    """
    spelled = {f"\n{spelling}\n".encode(): path for path in paths for spelling in _spellings(path)}
    by_folder: dict[bytes, list[bytes]] = {}
    for line in spelled:
        by_folder.setdefault(line.rpartition(b"/")[0] + b"/", []).append(line)
    found: dict[str, str] = {}
    for file in sorted(Path(dpkg).glob("info/*.list")):
        if len(found) < len(paths):
            _search(file, spelled, by_folder, found)
    return found


def _search(
    file: Path,
    spelled: Mapping[bytes, str],
    by_folder: Mapping[bytes, list[bytes]],
    found: dict[str, str],
) -> None:
    try:
        content = b"\n" + file.read_bytes() + b"\n"
    except OSError:
        return
    for folder, lines in by_folder.items():
        if folder not in content:
            continue
        for line in lines:
            if line in content:
                package = file.stem.partition(":")[0]
                found.setdefault(spelled[line], package)


def _spellings(path: str) -> set[str]:
    names = {path, os.path.realpath(path)}
    for name in tuple(names):
        if name.startswith("/usr/lib"):
            names.add(name[len("/usr") :])
        elif name.startswith("/lib"):
            names.add(f"/usr{name}")
    return names
