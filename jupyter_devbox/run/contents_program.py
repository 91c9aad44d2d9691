"""Says what an image holds, or removes from an environment what no program needs at run time.

``contents_program.py report`` prints one line of JSON; ``contents_program.py slim`` removes. Both
go by the same rules, so that what is promised is what is saved. It runs in images: one file,
standard library alone, any Python since 3.8.
"""

# ruff: noqa: PTH106, PTH108, PTH110, PTH112, PTH114, PTH118, PTH119, PTH120, PTH123, PTH208

from __future__ import annotations

import csv
import json
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

ENVIRONMENT = "/opt/venv"
TESTS, STATIC, DOCS = "tests", "static", "docs"
MOST = 2000
_NO_FILES = {"/proc", "/sys", "/dev"}
_CACHES = re.compile(
    r"^(?:(?:/root|/home/[^/]+)/\.cache|/var/cache/apt|/var/lib/apt/lists|/tmp|/var/tmp"
    r"|.*/site-packages/\.cache)(?=/|$)"
)
_TEST_FILE = re.compile(r"test_.*\.py|.*_test\.py|tests?\.py|conftest\.py")
# What imports its own tests needs them: astropy does, for a function that users call.
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<base>[.\w]+)[ \t]+)?import[ \t]*(?P<names>\([^)]*\)|[^\n#;]*)",
    re.MULTILINE,
)
# Numba links with this one while a notebook runs.
_LINKED = {"libcudadevrt.a"}
_NORMAL = re.compile(r"[-_.]+")


def main(arguments: list[str]) -> int:
    """Do what the command line says; returns the exit code."""
    what, environment = [*arguments[1:3], *["", ENVIRONMENT][len(arguments[1:3]) :]]
    if what == "report":
        sys.stdout.write(json.dumps(report(environment)) + "\n")
        return 0
    if what == "slim":
        files, size = slim(environment)
        sys.stdout.write(f"Removed {files} files, {size} bytes that nothing needs to run.\n")
        return 0
    sys.stderr.write("report or slim\n")
    return 2


# --- what can be spared -----------------------------------------------------


def spare(environment: str) -> Iterator[tuple[str, str]]:
    """Yield (path, kind) of the files that nothing needs at run time, links included."""
    for site in _sites(environment):
        for top in sorted(_entries(site)):
            path = os.path.join(site, top)
            if os.path.isdir(path) and not os.path.islink(path):
                yield from _of_package(path, top)
        for each in _files(site):
            if each.endswith(".a") and os.path.basename(each) not in _LINKED:
                yield each, STATIC
    for name in ("doc", "info", "man"):
        for each in _files(os.path.join(environment, "share", name)):
            yield each, DOCS


def _of_package(folder: str, name: str) -> Iterator[tuple[str, str]]:
    if name in ("doc", "docs") and not os.path.exists(os.path.join(folder, "__init__.py")):
        for each in _files(folder):
            yield each, DOCS
    elif not name.endswith((".dist-info", ".egg-info")):
        for each in _tests(folder):
            yield each, TESTS


def _tests(package: str) -> list[str]:
    """Return the files of a package's tests, but for those that its other modules import."""
    tests: dict[str, list[str]] = {}
    waiting: list[tuple[str, str]] = []
    above = len(os.path.dirname(package)) + 1
    for folder, folders, names in os.walk(package):
        folders.sort()
        dotted = folder[above:].replace("/", ".")
        for name in [n for n in folders if n == "tests"]:
            inner = os.path.join(folder, name)
            if not os.path.islink(inner) and any(_TEST_FILE.fullmatch(n) for n in _entries(inner)):
                folders.remove(name)
                tests[f"{dotted}.tests"] = _files(inner)
        for name in sorted(names):
            path = os.path.join(folder, name)
            if name == "conftest.py":
                tests[f"{dotted}.conftest"] = [path, *_compiled(folder, "conftest")]
            elif name.endswith(".py") and name != "setup.py":
                waiting.append((path, dotted))
    while tests and waiting:
        path, dotted = waiting.pop()
        for wanted in _imported(path, dotted):
            for name in [t for t in tests if wanted == t or wanted.startswith(t + ".")]:
                kept = (each for each in tests.pop(name) if each.endswith(".py"))
                places = ((each, os.path.dirname(each)[above:]) for each in kept)
                waiting += [(each, place.replace("/", ".")) for each, place in places]
    return [path for files in tests.values() for path in files]


def _compiled(folder: str, module: str) -> list[str]:
    cache = os.path.join(folder, "__pycache__")
    names = [n for n in _entries(cache) if n.startswith(module + ".") and n.endswith(".pyc")]
    return [os.path.join(cache, name) for name in sorted(names)]


def _imported(path: str, package: str) -> Iterator[str]:
    """Yield the modules, and what may be one, that a file imports anywhere in its text."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return
    if "tests" not in text and "conftest" not in text:
        return
    for match in _IMPORT.finditer(text):
        base, names = match["base"] or "", re.findall(r"[\w.]+", match["names"])
        if base.startswith("."):
            level = len(base) - len(base.lstrip("."))
            parts = package.split(".")
            base = ".".join([*parts[: len(parts) - level + 1], *filter(None, [base.lstrip(".")])])
        yield base
        for name in names:
            yield f"{base}.{name}" if base else name


def slim(environment: str) -> tuple[int, int]:
    """Remove what can be spared, with the folders that this empties; returns files and bytes."""
    paths = {path for path, _ in spare(environment)}
    size, folders = 0, set()
    for path in sorted(paths):
        size += os.lstat(path).st_size
        os.unlink(path)
        folders.add(os.path.dirname(path))
    while folders:
        above = set()
        for folder in folders:
            if os.path.isdir(folder) and not os.listdir(folder) and folder != environment:
                os.rmdir(folder)
                above.add(os.path.dirname(folder))
        folders = above
    return len(paths), size


# --- what there is ----------------------------------------------------------


def report(environment: str, root: str = "/") -> dict[str, Any]:
    """Return what the image holds, in bytes: packages, what belongs to none, caches, the rest."""
    kinds = dict(spare(environment))
    owners = dict(_recorded(environment))
    debian = dict(_debian(root))
    packages: dict[tuple[str, str], dict[str, Any]] = {}
    unowned: dict[str, int] = {}
    caches: dict[str, int] = {}
    distributions: dict[str, int] = {}
    seen: set[tuple[int, int]] = set()
    total = inside = 0
    for path, state in _all(root):
        if state.st_nlink > 1:
            if (state.st_dev, state.st_ino) in seen:
                continue
            seen.add((state.st_dev, state.st_ino))
        size = state.st_size
        total += size
        cache = _CACHES.match(path[len(root.rstrip("/")) :])
        if cache:
            _add(caches, cache.group(0), size)
        elif path.startswith(environment + "/"):
            inside += size
            owner = owners.get(_source(path))
            if owner is None:
                _add(unowned, _place(path, environment), size)
                continue
            one = packages.setdefault(owner, {"bytes": 0, "files": 0, "spare": {}})
            one["bytes"] += size
            one["files"] += 1
            if path in kinds:
                _add(one["spare"], kinds[path], size)
        elif path in debian:
            _add(distributions, debian[path], size)
    spared: dict[str, int] = {}
    for path, kind in kinds.items():
        _add(spared, kind, os.lstat(path).st_size)
    return {
        "schema": 1,
        "bytes": total,
        "environment": inside,
        "packages": [
            dict(one, name=name, version=version) for (name, version), one in _largest(packages)
        ],
        "unowned": [{"path": path, "bytes": size} for path, size in _largest(unowned)],
        "caches": [{"path": path, "bytes": size} for path, size in _largest(caches)],
        "debian": [{"name": name, "bytes": size} for name, size in _largest(distributions)],
        "spare": spared,
    }


def _largest(sizes: dict[Any, Any]) -> list[tuple[Any, Any]]:
    """Return the items, the largest first, and not more than anybody reads."""

    def order(item: tuple[Any, Any]) -> tuple[int, Any]:
        size = item[1]["bytes"] if isinstance(item[1], dict) else item[1]
        return (-size, item[0])

    return sorted(sizes.items(), key=order)[:MOST]


def _add(sizes: dict[str, int], key: str, size: int) -> None:
    sizes[key] = sizes.get(key, 0) + size


def _place(path: str, environment: str) -> str:
    """Return the folder that a file of no package is counted under."""
    parts = path[len(environment) + 1 :].split("/")
    deep = 4 if parts[0] == "lib" else 2
    return "/".join([environment, *parts[:deep]])


def _source(path: str) -> str:
    """Return the module that a compiled one is of: not all installers record those."""
    folder, name = os.path.split(path)
    above, cache = os.path.split(folder)
    if cache == "__pycache__" and name.endswith(".pyc"):
        return os.path.join(above, name.split(".", 1)[0] + ".py")
    return path


def _recorded(environment: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield path → (name, version) of all that the packages' RECORD files list."""
    for site in _sites(environment):
        for entry in sorted(_entries(site)):
            if not entry.endswith(".dist-info"):
                continue
            name, _, version = entry[: -len(".dist-info")].partition("-")
            owner = (_NORMAL.sub("-", name).lower(), version)
            record = os.path.join(site, entry, "RECORD")
            try:
                with open(record, newline="", encoding="utf-8", errors="replace") as file:
                    rows = [row[0] for row in csv.reader(file) if row]
            except (OSError, csv.Error):
                rows = []
            for row in rows:
                yield os.path.normpath(os.path.join(site, row)), owner
            for path in _files(os.path.join(site, entry)):
                yield path, owner


def _debian(root: str) -> Iterator[tuple[str, str]]:
    """Yield path → package of what dpkg installed; /lib may be a link to /usr/lib."""
    info = os.path.join(root, "var/lib/dpkg/info")
    tops = ("bin", "lib", "lib64", "sbin")
    linked = [name for name in tops if os.path.islink(os.path.join(root, name))]
    for entry in sorted(_entries(info)):
        if not entry.endswith(".list"):
            continue
        name = entry[: -len(".list")].partition(":")[0]
        with open(os.path.join(info, entry), encoding="utf-8", errors="replace") as file:
            for line in file:
                path = line.rstrip("\n")
                merged = path.split("/", 2)[1:2] and path.split("/", 2)[1] in linked
                yield root.rstrip("/") + ("/usr" if merged else "") + path, name


def _sites(environment: str) -> list[str]:
    lib = os.path.join(environment, "lib")
    names = [name for name in _entries(lib) if re.fullmatch(r"python3\.\d+", name)]
    return [os.path.join(lib, name, "site-packages") for name in sorted(names)]


def _entries(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _files(folder: str) -> list[str]:
    """Return all files and links below a folder, sorted; links are not followed."""
    found = []
    for above, folders, names in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(above, name))]
        found += [os.path.join(above, name) for name in names + links]
    return sorted(found)


def _all(root: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield (path, state) of every file of the image that this user may see."""
    for above, folders, names in os.walk(root):
        folders[:] = [n for n in folders if os.path.join(above, n) not in _NO_FILES]
        for name in names:
            path = os.path.join(above, name)
            try:
                yield path, os.lstat(path)
            except OSError:
                continue


if __name__ == "__main__":
    sys.exit(main(sys.argv))
