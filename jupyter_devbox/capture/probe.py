"""Ask one Python interpreter who provides its modules: a JSON request in, one JSON line out.

Run by the notebook's own interpreter (``python probe.py``, a request a line), or called in the
running kernel (`answer`). Standard library only, Python 3.8 and later; nothing of the user's.

Request::

    {"imports": ["sklearn.svm"], "distributions": ["openpyxl"], "loaded": true,
     "preferred": ["opencv-python-headless"], "environment": true, "closure": true,
     "libraries": false}

Answer::

    {"schema": 1, "python": "3.11.7", "platform": "linux/amd64",
     "modules": {"sklearn.svm": {"kind": "distribution", "module": "sklearn.svm",
                                 "owner": "scikit-learn", "file": "/…/__init__.py"}},
     "distributions": {"scikit-learn": {"version": "1.5.2", "direct_url": null, "conda": false,
                                        "loaded": true}},
     "closure": ["numpy"], "environment": [["scikit-learn", "1.5.2", 34120111]], "libraries": []}

`kind` is ``distribution``, ``stdlib``, ``local`` (a file of the user's), ``namespace`` (a package
without a file, owned by nobody) or ``missing``.
"""

# os.path, for it is several times quicker than pathlib, and time is the point here.
# ruff: noqa: PTH100, PTH112, PTH113, PTH116, PTH118, PTH119, PTH120, PTH123, PTH208

from __future__ import annotations

import functools
import importlib.machinery
import importlib.util
import json
import os
import platform
import re
import sys
import sysconfig
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

_SUFFIXES = (".py", ".pyc", *importlib.machinery.EXTENSION_SUFFIXES)
_INFO = re.compile(r"(?P<name>[A-Za-z0-9][^-]*)-(?P<version>[^-]+?)(-py[\d.]+.*)?\.(dist|egg)-info")
_SEPARATORS = re.compile(r"[-_.]+")
_SIZE = re.compile(rb",(\d+)\n")
_REQUIRED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def normalise(name: str) -> str:
    """Return a distribution name as PEP 503 writes it."""
    return _SEPARATORS.sub("-", name).lower()


class Distribution:
    """One installed distribution; its files are read when something asks for them."""

    __slots__ = ("_head", "_record", "entry", "name", "path", "root", "version")

    def __init__(self, name: str, version: str, path: str, entry: str, root: str = "") -> None:
        self.name = name
        self.version = version
        self.path = path
        self.entry = entry
        self.root = root
        self._record: bytes | None = None
        self._head: str | None = None

    @property
    def record(self) -> bytes:
        """Return the bytes of RECORD, or what an egg-info folder has instead."""
        if self._record is None:
            data = _read_bytes(self.path, "RECORD")
            if not data and self.path.endswith(".egg-info"):
                data = self._egg_files()
            self._record = b"\n" + data.replace(b"\r", b"") if data else b""
        return self._record

    def _egg_files(self) -> bytes:
        lines = []
        for line in _read_bytes(self.path, "installed-files.txt").splitlines():
            full = os.path.normpath(os.path.join(self.path, os.fsdecode(line)))
            lines.append(os.fsencode(os.path.relpath(full, self.entry)) + b",,")
        if not lines:
            for line in _read_bytes(self.path, "top_level.txt").split():
                lines += [line + b"/__init__.py,,", line + b".py,,"]
        return b"\n".join(lines)

    @functools.lru_cache(maxsize=None)  # noqa: B019, UP033  # as long as its environment
    def size(self) -> int:
        """Return the sum of the sizes that RECORD lists."""
        return sum(map(int, _SIZE.findall(self.record)))

    def tops(self) -> set[bytes]:
        """Return the first path segments of RECORD, or whole names for files at the top."""
        found = {line.partition(b"/")[0] for line in self.record.split(b"\n")}
        return {top.partition(b",")[0].strip(b'"') for top in found}

    def metadata(self, key: str) -> list[str]:
        """Return the values of one metadata header."""
        if self._head is None:
            text = _read_text(self.path, "METADATA") or _read_text(self.path, "PKG-INFO")
            self._head = "\n" + text.replace("\r", "").split("\n\n", 1)[0]
        return [value.strip() for value in re.findall("\n" + key + ":(.*)", self._head)]

    def direct_url(self) -> dict[str, Any] | None:
        """Return the content of direct_url.json, None where there is none."""
        if self.root:
            return {"url": "file://" + self.root, "dir_info": {"editable": True}}
        text = _read_text(self.path, "direct_url.json")
        try:
            found = json.loads(text) if text else None
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) and isinstance(found.get("url"), str) else None

    def is_editable(self) -> bool:
        """Tell whether the source folder is imported from, not a copy of it."""
        direct = self.direct_url()
        return bool(direct and direct.get("dir_info", {}).get("editable"))

    def requires(self) -> Iterator[str]:
        """Yield what it depends on without any extra."""
        for line in self.metadata("Requires-Dist"):
            found = _REQUIRED.match(line)
            if found is not None and not re.search(r"extra\s*==", line):
                yield normalise(found.group())


class Environment:
    """The distributions that this interpreter can import from."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.entries = list(dict.fromkeys(os.path.abspath(path) for path in paths if path))
        self.distributions: dict[str, Distribution] = {}
        for entry in self.entries:
            for distribution in _distributions(entry):
                self.distributions.setdefault(distribution.name, distribution)
        self._claims: dict[str, list[Distribution]] = {}

    def owners(self, files: Collection[str], preferred: Collection[str]) -> dict[str, Distribution]:
        """Return the distribution of each file: by RECORD, else by an editable's source folder.

        One search of each RECORD serves all files that were not asked for before.
        """
        self._search([file for file in files if file not in self._claims])
        found = {}
        for file in files:
            several = self._claims[file]
            owner = _choose(several, preferred) if several else self._editable_owner(file)
            if owner is not None:
                found[file] = owner
        return found

    def _search(self, files: Collection[str]) -> None:
        wanted: dict[str, dict[bytes, str]] = {}
        entries = sorted(self.entries, key=len, reverse=True)
        for file in files:
            self._claims[file] = []
            entry = next((e for e in entries if file.startswith(e + os.sep)), None)
            if entry is not None:
                relative = file[len(entry) + 1 :].replace(os.sep, "/")
                wanted.setdefault(entry, {})[os.fsencode(relative)] = file
        patterns = {entry: _any_of(names) for entry, names in wanted.items()}
        for distribution in self.distributions.values():
            pattern = patterns.get(distribution.entry)
            for relative in set(pattern.findall(distribution.record)) if pattern else ():
                self._claims[wanted[distribution.entry][relative]].append(distribution)

    def _editable_owner(self, file: str) -> Distribution | None:
        real = os.path.realpath(file)
        found = [
            (len(root), distribution)
            for root, distribution in self.editable()
            if root and (file.startswith(root + os.sep) or real.startswith(root + os.sep))
        ]
        return max(found, key=lambda item: item[0])[1] if found else None

    @functools.lru_cache(maxsize=None)  # noqa: B019, UP033  # as long as the environment
    def editable(self) -> list[tuple[str, Distribution]]:
        """Return (source folder, distribution) of each editable install."""
        found = []
        for distribution in self.distributions.values():
            if distribution.root:
                found.append((distribution.root, distribution))
            elif _may_be_editable(distribution) and distribution.is_editable():
                url = (distribution.direct_url() or {}).get("url", "")
                found.append((_file_path(url), distribution))
        return found

    def declared(self, name: str) -> Distribution | None:
        """Return the distribution that declares an import name (PEP 794), None where none does.

        Asked only where no RECORD lists the module's file: of editable installs.
        """
        for distribution in self.distributions.values():
            if _may_be_editable(distribution):
                names = distribution.metadata("Import-Name")
                if name in {value.partition(";")[0].strip() for value in names}:
                    return distribution
        return None


def _any_of(names: Iterable[bytes]) -> re.Pattern[bytes]:
    return re.compile(b"\n(" + b"|".join(map(re.escape, sorted(names))) + b"),")


def _may_be_editable(distribution: Distribution) -> bool:
    record = distribution.record
    return not record or b"/direct_url.json," in record


def _choose(owners: list[Distribution], preferred: Collection[str]) -> Distribution:
    """Return one of several owners: named by the request, else installed last."""
    named = [owner for owner in owners if owner.name in preferred] or owners
    return named[0] if len(named) == 1 else max(named, key=lambda d: (_modified(d.path), d.name))


def _modified(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def _distributions(entry: str) -> Iterator[Distribution]:
    for filename in sorted(_listed(entry)):
        path = os.path.join(entry, filename)
        if filename.endswith("-info"):
            found = _INFO.fullmatch(filename)
            if found is not None:
                yield Distribution(normalise(found["name"]), found["version"], path, entry)
            elif filename.endswith(".egg-info"):
                yield _from_metadata(path, entry)
        elif filename.endswith(".egg-link"):
            root = _read_text(entry, filename).partition("\n")[0].strip()
            if root:
                name = normalise(filename[: -len(".egg-link")])
                yield Distribution(name, _develop_version(root, name), path, entry, root)


def _from_metadata(path: str, entry: str) -> Distribution:
    """Return a distribution whose folder's name does not tell its version."""
    info = Distribution("", "", path, entry)
    name = (info.metadata("Name") or [os.path.basename(path)[: -len(".egg-info")]])[0]
    version = (info.metadata("Version") or [""])[0]
    return Distribution(normalise(name), version, path, entry)


def _develop_version(root: str, name: str) -> str:
    for candidate in (name, name.replace("-", "_")):
        info = Distribution(name, "", os.path.join(root, candidate + ".egg-info"), root)
        versions = info.metadata("Version")
        if versions:
            return versions[0]
    return ""


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _read_bytes(folder: str, name: str) -> bytes:
    try:
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()
    except OSError:
        return b""


def _read_text(folder: str, name: str) -> str:
    return _read_bytes(folder, name).decode("utf-8", "replace")


def _file_path(url: str) -> str:
    path = unquote(urlsplit(url).path)
    return os.path.normpath(path) if path else ""


def _stdlib_names() -> frozenset[str]:
    names = getattr(sys, "stdlib_module_names", None)
    if names is not None:
        return frozenset(names)
    found = set(sys.builtin_module_names)
    stdlib = sysconfig.get_path("stdlib")
    for folder in (stdlib, os.path.join(stdlib, "lib-dynload")):
        found.update(name.partition(".")[0] for name in _listed(folder))
    return frozenset(found)


def _loaded_file(name: str) -> tuple[str, str] | None:
    """Return (module, file) of the longest loaded prefix with a file; file "" for a namespace."""
    parts = name.split(".")
    namespace = ""
    for end in range(len(parts), 0, -1):
        dotted = ".".join(parts[:end])
        module = sys.modules.get(dotted)
        if module is None:
            continue
        file = _module_file(module)
        if file:
            return dotted, file
        namespace = namespace or dotted
    return (namespace, "") if namespace else None


def _module_file(module: object) -> str:
    file = getattr(module, "__file__", None)
    return _source(os.path.abspath(file)) if isinstance(file, str) else ""


def _source(file: str) -> str:
    """Return the source of a byte-compiled file, the file itself otherwise."""
    return file[:-1] if file.endswith(".pyc") else file


def _found_file(name: str) -> tuple[str, str] | None:
    """Return (module, file) of the longest prefix that lies on the import path; nothing is run.

    Only the first segment goes through the interpreter's finders; below it the folders are
    looked at, for a finder would import the parent package.
    """
    parts = name.split(".")
    try:
        spec = importlib.util.find_spec(parts[0])
    except (ImportError, ValueError, AttributeError):
        return None
    if spec is None:
        return None
    best = parts[0]
    file = _source(os.path.abspath(spec.origin)) if spec.has_location and spec.origin else ""
    folders = list(spec.submodule_search_locations or ())
    for end in range(2, len(parts) + 1):
        step = _below(folders, parts[end - 1])
        if step is None:
            break
        found, folders = step
        if found or not file:
            best, file = ".".join(parts[:end]), found
    return best, file


def _below(folders: list[str], part: str) -> tuple[str, list[str]] | None:
    namespaces = []
    for folder in folders:
        base = os.path.join(folder, part)
        for suffix in _SUFFIXES:
            file = os.path.join(base, "__init__" + suffix)
            if os.path.isfile(file):
                return _source(file), [base]
        for suffix in _SUFFIXES:
            if os.path.isfile(base + suffix):
                return _source(base + suffix), []
        if os.path.isdir(base):
            namespaces.append(base)
    return ("", namespaces) if namespaces else None


def _locate(name: str, stdlib: Collection[str], *, loaded: bool) -> dict[str, Any]:
    """Return what one dotted name is, before anyone knows whose."""
    told: dict[str, Any] = {"kind": "missing", "module": name, "owner": None, "file": ""}
    if name.partition(".")[0] in stdlib:
        told["kind"] = "stdlib"
        return told
    found = _loaded_file(name) if loaded else None
    if found is None or not found[1]:
        found = _found_file(name) or found
    if found is not None:
        told["module"], told["file"] = found
        told["kind"] = "file" if found[1] else "namespace"
    return told


def _describe(
    names: Iterable[str], environment: Environment, request: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return what each dotted name is, and whose."""
    stdlib = _stdlib_names()
    loaded = bool(request.get("loaded"))
    modules = {name: _locate(name, stdlib, loaded=loaded) for name in sorted(set(names))}
    files = {told["file"] for told in modules.values() if told["file"]}
    owners = environment.owners(files, request.get("preferred", ()))
    for told in modules.values():
        if told["kind"] == "file":
            owner = owners.get(told["file"]) or environment.declared(told["module"])
            told["owner"] = owner.name if owner is not None else None
            told["kind"] = _kind(told["file"]) if owner is None else "distribution"
    return modules


def _kind(file: str) -> str:
    """Return what a file is that no distribution owns."""
    if _is_installed(file):
        return "missing"
    return "stdlib" if _is_stdlib(file) else "local"


def _is_installed(file: str) -> bool:
    parts = file.replace("\\", "/").split("/")
    return "site-packages" in parts or "dist-packages" in parts


def _is_stdlib(file: str) -> bool:
    folders = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    return any(file.startswith(folder + os.sep) for folder in folders if folder)


def _report(distribution: Distribution, loaded: Collection[str]) -> dict[str, Any]:
    return {
        "version": distribution.version,
        "direct_url": distribution.direct_url(),
        "conda": _owned_by_conda(distribution),
        "loaded": bool(loaded) and _is_loaded(distribution, loaded),
    }


def _owned_by_conda(distribution: Distribution) -> bool:
    if _read_text(distribution.path, "INSTALLER").strip() == "conda":
        return True
    prefix = distribution.name + "-" + distribution.version + "-"
    names = _listed(os.path.join(sys.prefix, "conda-meta"))
    return any(name.startswith(prefix) for name in names)


def _is_loaded(distribution: Distribution, loaded: Collection[str]) -> bool:
    """Tell whether a top-level module of the distribution is loaded from its own files."""
    for top in distribution.tops():
        name = os.fsdecode(top).partition(".")[0]
        if name in loaded:
            file = _module_file(sys.modules.get(name))
            if not file or file.startswith(distribution.entry + os.sep):
                return True
    return False


def _closure(names: Iterable[str], environment: Environment) -> set[str]:
    """Return the installed distributions among `names`, and all that they depend on."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        distribution = environment.distributions.get(waiting.pop())
        if distribution is not None and distribution.name not in found:
            found.add(distribution.name)
            waiting.extend(distribution.requires())
    return found


def _libraries() -> list[str]:
    """Return the shared libraries of this process."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
            paths = {line[line.find("/") :].strip() for line in file if "/" in line}
    except OSError:
        return []
    return sorted(path for path in paths if ".so" in path)


def _platform() -> str:
    machine = platform.machine().lower()
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return sys.platform.replace("win32", "windows") + "/" + machine


def answer(request: Mapping[str, Any], seen: Environment | None = None) -> dict[str, Any]:
    """Return the answer to one request; what was `seen` of the packages is not looked up again."""
    environment = seen or Environment(sys.path)
    known = environment.distributions
    modules = _describe(request.get("imports", ()), environment, request)
    owners = {told["owner"] for told in modules.values() if told["owner"]}
    asked = owners | set(request.get("distributions", ()))
    loaded = {name for name in sys.modules if "." not in name} if request.get("loaded") else ()
    found: dict[str, Any] = {
        "schema": 1,
        "python": platform.python_version(),
        "platform": _platform(),
        "modules": modules,
        "distributions": {n: _report(known[n], loaded) for n in sorted(asked) if n in known},
        "closure": sorted(_closure(owners, environment) - owners) if request.get("closure") else [],
        "environment": [],
        "libraries": _libraries() if request.get("libraries") else [],
    }
    if request.get("environment"):
        found["environment"] = [[n, known[n].version, known[n].size()] for n in sorted(known)]
    return found


def main() -> None:
    """Answer each line of standard input; the folder of this file is no part of the answer."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != here]
    seen = Environment(sys.path)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), seen)), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
