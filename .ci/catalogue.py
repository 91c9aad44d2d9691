"""Read releases anew into ``jupyter_devbox/catalogue/data``: ``python3 .ci/make.py catalogue``.

Called by ``make.py`` inside ``.venv``. It asks uv about the packages by name, metadata only: no
package is downloaded, none of their code runs. By default only new releases and the newest few
rows are asked for; ``--all`` asks for every row. What the common index does not know (variants of
torch's own index, cards, drivers, images) stays as it stands; a row that changed gets today's date.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from packaging.version import Version
from steps import ROOT, CiError, end, say

from jupyter_devbox.engine.uv import ResolveRequest, resolve
from jupyter_devbox.errors import IndexUnreachableError, ResolutionError
from jupyter_devbox.lock.pylock import read_pylock
from jupyter_devbox.spec.lock import LockedPackage

DATA = ROOT / "jupyter_devbox" / "catalogue" / "data"
PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
X86, ARM = "x86_64-manylinux_2_36", "aarch64-manylinux_2_36"
NEWEST = 2
"""Rows of a table that are asked for again each time: what moves is at its top."""

Row = dict[str, Any]
Table = dict[str, Any]


def closure(
    *requirements: str, python: str = "3.12", platform: str = X86, alone: bool = False
) -> dict[str, LockedPackage]:
    """Return name → package of what uv would install; empty if that cannot be resolved."""
    request = ResolveRequest(
        requirements=requirements,
        preferences=(),
        executable=sys.executable,
        python=f"{python}.0",
        platform=platform,
        with_dependencies=not alone,
        build=False,
    )
    try:
        found = read_pylock(resolve(request, offline=False))
    except ResolutionError:
        return {}
    return {package.name: package for package in found}


def newest(name: str, limit: str = "") -> dict[str, str]:
    """Return Python → the newest release that it can have; none is one before a release."""
    found = {p: closure(f"{name}{limit}", python=p, alone=True) for p in PYTHONS}
    versions = {p: packages[name].version for p, packages in found.items() if name in packages}
    return {p: v for p, v in versions.items() if not Version(v).is_prerelease}


def pythons(requirement: str, *, alone: bool = True) -> list[str]:
    """Return the Python versions that have a wheel of a release, or of all that it needs."""
    return [p for p in PYTHONS if closure(requirement, python=p, alone=alone)]


def usual(able: list[str]) -> str:
    """Return the Python that a row is read for: on a new one much is still missing."""
    if not able:
        message = "a release has no wheel for any Python that is asked for"
        raise CiError(message, f"these are asked for: {', '.join(PYTHONS)}")
    return "3.12" if "3.12" in able else able[-1]


def runtime(packages: dict[str, LockedPackage]) -> str:
    """Return the CUDA version of a closure: that of its runtime library; "" for none."""
    library = re.compile(r"nvidia-cuda-runtime(-cu[0-9]+)?")
    versions = (p.version for name, p in packages.items() if library.fullmatch(name))
    return ".".join(next(versions, "").split(".")[:2])


def torch_row(version: str, old: Row) -> Row:
    """Return the row of a torch release."""
    able = pythons(f"torch=={version}")
    python = usual(able)
    packages = closure(f"torch=={version}", python=python)
    parts = [p for name, p in packages.items() if re.match(r"nvidia-|triton$|cuda-", name)]
    cudnn = next((p.version for name, p in packages.items() if "cudnn" in name), "")
    beside = closure(f"torch=={version}", "torchvision", "torchaudio", python=python)
    arm = closure(f"torch=={version}", python=python, platform=ARM)
    fresh = {
        "torch": version,
        "released": today(),
        "variants": None,
        "source": ["lock"],
        "python": able,
        "cuda": runtime(packages) or old.get("cuda", ""),
        "cudnn": cudnn or old.get("cudnn", ""),
        "arm64": bool(runtime(arm)),
        "wheel_bytes": packages["torch"].size,
        "stack_bytes": sum(p.size for p in parts),
    }
    for name in ("torchvision", "torchaudio"):
        fresh[name] = beside[name].version if name in beside else ""
    # The index names no day and no variants, and an older Python may be gone from uv's list.
    kept: Row = {key: old[key] for key in ("released", "variants", "source") if key in old}
    gone = [p for p in old.get("python", ()) if p not in PYTHONS]
    return {**fresh, **kept, "python": [*gone, *able]}


def tensorflow_row(version: str, old: Row) -> Row:
    """Return the row of a TensorFlow release; its metadata only hints at the CUDA it is for."""
    able = pythons(f"tensorflow=={version}")
    packages = closure(f"tensorflow[and-cuda]=={version}", python=usual(able))
    cpu = closure(f"tensorflow-cpu=={version}", python=usual(able), alone=True)
    extra = bool(runtime(packages))
    fresh = {
        "tensorflow": version,
        "python": able,
        "cuda": runtime(packages),
        "cudnn": next((p.version for name, p in packages.items() if "cudnn" in name), ""),
        "extra": extra,
        "why": "" if extra else "its extra cannot be resolved, or it has none",
        "cuda_bytes": total(packages) if extra else 0,
        "cpu_bytes": rounded(sum(p.size for p in cpu.values())),
        "source": ["lock"],
    }
    return {**fresh, **{key: old[key] for key in ("cuda", "cudnn", "why", "source") if key in old}}


def jax_row(version: str, old: Row) -> Row:
    """Return the row of a JAX release with the extras that bring or need CUDA."""
    able = pythons(f"jax=={version}", alone=False)
    extras = []
    for name in ("cuda13", "cuda13-local", "cuda12", "cuda12-local"):
        packages = closure(f"jax[{name}]=={version}", python=usual(able))
        if any(part.startswith(f"jax-{name[:6]}-plugin") for part in packages):
            cuda = runtime(packages) or name[4:6]
            extras.append({"name": name, "cuda": cuda, "download_bytes": total(packages)})
    return {
        "jax": version,
        "python": able,
        "extras": extras,
        "source": old.get("source", ["lock"]),
    }


def refreshed(
    table: Table, key: str, found: Iterable[str], make: Callable[[str, Row], Row], *, every: bool
) -> Table:
    """Return a table with new releases, and its newest rows (or all) read again."""
    rows: dict[str, Row] = {row[key]: row for row in table["rows"]}
    latest = set(list(rows)[: None if every else NEWEST])
    for version in sorted(latest | {v for v in found if v not in rows}, key=Version):
        rows[version] = dated(make(version, rows.get(version, {})), rows.get(version))
    ordered = sorted(rows.values(), key=lambda row: Version(row[key]), reverse=True)
    return {**table, "rows": ordered}


def refreshed_twins(table: Table) -> Table:
    """Return the table of twins with the newest release and size of what may be unpinned."""
    rows = []
    for row in table["rows"]:
        # What is older than the form without CUDA could not go back to it.
        builds = [_build(build, since=row.get("cpu_since", "")) for build in row["builds"]]
        rows.append(dated({**row, "builds": builds}, row))
    return {**table, "rows": rows}


def _build(build: Row, *, since: str) -> Row:
    if "newest" not in build:
        return build
    spans = ((">=", build.get("since", since)), ("<", build.get("before", "")))
    limit = ",".join(f"{sign}{version}" for sign, version in spans if version)
    extras = f"[{','.join(build['extras'])}]" if build.get("extras") else ""
    versions = newest(build["name"], limit)
    if not versions:
        return build
    version = max(versions.values(), key=Version)
    older = {p: versions.get(p, "") for p in PYTHONS if versions.get(p) != version}
    packages = closure(f"{build['name']}{extras}=={version}")
    size = {"download_bytes": total(packages)} if packages else {}
    return {**build, "newest": version, "older": older, **size}


def dated(row: Row, old: Row | None) -> Row:
    """Return a row in the order of its table, with today's date if it says anything new."""
    said = {key: value for key, value in (old or {}).items() if key != "read"}
    new = {key: value for key, value in row.items() if key != "read"}
    if old is not None and said == new:
        return old
    keys = [key for key in (old or row) if key != "read"]
    return {**{key: new[key] for key in keys}, "read": today()}


def total(packages: dict[str, LockedPackage]) -> int:
    """Return what a closure downloads, in steps of 10 MB: its parts change by the day."""
    return rounded(sum(package.size for package in packages.values()))


def rounded(size: int) -> int:
    """Return a size in steps of 10 MB."""
    return round(size / 1e7) * 10_000_000


def today() -> str:
    """Return the day as data has it."""
    return dt.datetime.now(tz=dt.timezone.utc).date().isoformat()


def dump(table: Table) -> str:
    """Return a table as text, a row a line, so that a change is a line too."""
    parts = []
    for key, value in table.items():
        if key == "rows":
            rows = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in value)
            text = f"[\n{rows}\n ]"
        elif isinstance(value, dict):
            pairs = (f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
            text = "{\n" + ",\n".join(pairs) + "\n }"
        else:
            text = json.dumps(value, ensure_ascii=False)
        parts.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main(words: list[str]) -> int:
    """Refresh the tables, and say which changed."""
    every = words == ["--all"]
    for name, make in (("torch", torch_row), ("tensorflow", tensorflow_row), ("jax", jax_row)):
        table = _read(name)
        _write(name, refreshed(table, name, set(newest(name).values()), make, every=every))
    _write("twins", refreshed_twins(_read("twins")))
    return 0


def _path(name: str) -> Path:
    return DATA / f"{name}.json"


def _read(name: str) -> Table:
    table: Table = json.loads(_path(name).read_text(encoding="utf-8"))
    return table


def _write(name: str, table: Table) -> None:
    before = _path(name).read_text(encoding="utf-8").splitlines()
    after = dump(table)
    changed = sorted(set(after.splitlines()) - set(before))
    say(f"  {name}: {len(changed)} lines changed")
    _path(name).write_text(after, encoding="utf-8")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CiError as error:
        sys.exit(end(error))
    except IndexUnreachableError as error:
        sys.exit(end(CiError(error.message, error.hint)))
