"""Check the rows of the import map against wheels, and note what was seen.

``python tests/capture/check_import_map.py [FOLDER…] [--ask NAME…] [--table FILE] [--write]``

A folder holds wheels, of which only the list of files is read, or is a site-packages folder, or
one wheel unpacked: ``"$(uv cache dir)"/wheels-v*/pypi/*/*/`` are those that uv has kept.
``--ask`` has uv unpack the newest wheels of a few distributions: those of the rows that a change
adds or corrects. ``--table`` reads a published table of top-level names for the other rows:
``.db.sqlite3`` of the package pigar. ``--write`` notes the result in the rows.
"""

from __future__ import annotations

import argparse
import json
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version
from uv import find_uv_bin

from jupyter_devbox.capture.probe import Environment

DATA = Path(__file__).parents[2] / "jupyter_devbox" / "capture" / "data" / "import_map.json"

# Below these a wheel's files land in site-packages, or on its path.
_PLACES = rb"(?:[^/\n]+\.data/(?:pure|plat)lib/|cmeel\.prefix/lib/python[\d.]+/site-packages/)?"
_ENDS = rb"(?:/|\.py,|\.so,|\.pyd,|\.abi3\.|\.cpython-|\.cp3)"
_CODE = re.compile(rb"\.(?:py|so|pyd|dylib),[^\n]*,(\d+)$", re.MULTILINE)
# Notes of rows that no wheel was opened for, and of rows whose newest wheel need not hold them.
_UNOPENED = frozenset({"table", "name", "memory"})
_SETTLED = frozenset({"older", "parts"})
_FEW = 20


@dataclass(frozen=True)
class Wheel:
    """The files of one wheel, a line each as in RECORD: path, digest, size."""

    name: str
    version: str
    record: bytes

    def provides(self, dotted: str) -> bool:
        """Tell whether the module, or files below it, are listed."""
        path = re.escape(dotted.replace(".", "/").encode())
        return re.search(b"\n" + _PLACES + path + _ENDS, self.record) is not None

    def is_hollow(self) -> bool:
        """Tell whether no file in it has code: it requires others, or only keeps the name."""
        return not any(map(int, _CODE.findall(self.record)))


def unpacked(folder: Path) -> Iterator[Wheel]:
    """Yield what an installer unpacked from an index's wheels into a folder."""
    for found in Environment([str(folder)]).distributions.values():
        if found.path.endswith(".dist-info") and b"direct_url.json" not in found.record:
            yield Wheel(found.name, found.version, found.record)


def packed(file: Path) -> Wheel:
    """Return what the list of files at a wheel's end says."""
    name, version, *_ = parse_wheel_filename(file.name)
    with ZipFile(file) as archive:
        lines = [f"{member.filename},,{member.file_size}" for member in archive.infolist()]
    return Wheel(name, str(version), "\n".join(["", *lines]).encode())


def in_folder(folder: Path) -> Iterator[Wheel]:
    """Yield all wheels of a folder, packed or unpacked."""
    yield from map(packed, folder.glob("*.whl"))
    yield from unpacked(folder)


def asked(requirement: str) -> Iterator[Wheel]:
    """Yield the newest wheel that the configured index has for this machine.

    Never a source distribution: to build one is to run a stranger's code.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [find_uv_bin(), "pip", "install", "--quiet", "--no-deps", "--no-build"]
        subprocess.run([*command, "--target", folder, requirement], check=False)
        yield from unpacked(Path(folder))


def read_table(file: Path) -> dict[str, set[str]]:
    """Return the top-level names of each distribution by pigar's database.

    Where its makers found none they wrote the distribution's own name: that says nothing.
    """
    query = (
        "SELECT distributions.name, top_level_module_names.name FROM distributions "
        "JOIN top_level_module_names ON distribution_id = distributions.id"
    )
    found = defaultdict(set)
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        for name, module in connection.execute(query):
            found[canonicalize_name(name)].add(module.partition(".")[0])
    return {
        name: tops for name, tops in found.items() if {canonicalize_name(t) for t in tops} != {name}
    }


def fault(row: Mapping, name: str, wheels: list[Wheel]) -> str:
    """Return what speaks against a row, "" where nothing does or its note tells of it.

    Of distributions that stand in where a notebook installs them, an older version is enough, or
    one that requires the row's own.
    """
    newest = wheels[-1]
    holding = [wheel.version for wheel in wheels if wheel.provides(row["import"])]
    if newest.version in holding or row.get("note") in _SETTLED:
        return ""
    if name != row["dist"] and (holding or newest.is_hollow()):
        return ""
    if newest.is_hollow():
        return f"{name} {newest.version} has no code"
    had = f", {holding[-1]} has it" if holding else ""
    return f"{name} {newest.version} lacks {row['import']}{had}"


def judge(rows: Iterable[dict], wheels: Iterable[Wheel]) -> list[str]:
    """Note the newest wheel in each row that it holds; return a line for each contradicted row."""
    by_name = defaultdict(list)
    for wheel in sorted(wheels, key=lambda wheel: Version(wheel.version)):
        by_name[wheel.name].append(wheel)
    wrong = set()
    for row in rows:
        for name in {row["dist"], *row.get("alternatives", ())} & by_name.keys():
            wrong.add(fault(row, name, by_name[name]))
        own = by_name.get(row["dist"], [])
        holding = [wheel.version for wheel in own if wheel.provides(row["import"])]
        if holding:
            row["checked"] = max(row.get("checked", "0"), holding[-1], key=Version)
            if holding[-1] == own[-1].version:
                row.pop("note", None)
    return sorted(wrong - {""})


def note_evidence(rows: Iterable[dict], tops: Mapping[str, set[str]]) -> None:
    """Note in each row that no wheel was opened for what speaks for it."""
    for row in rows:
        if row["dist"] and "checked" not in row and row.get("note", "memory") in _UNOPENED:
            if row["import"].partition(".")[0] in tops.get(row["dist"], ()):
                row["note"] = "table"
            else:
                same = canonicalize_name(row["import"]) == row["dist"]
                row["note"] = "name" if same else "memory"


def dump(data: Mapping) -> str:
    """Return the data file's text: a row a line, so that a difference shows the rows."""
    notes = ",\n".join(
        f"  {json.dumps(key)}: {json.dumps(data['notes'][key])}" for key in data["notes"]
    )
    rows = ",\n".join(f"  {json.dumps(row)}" for row in data["rows"])
    about = json.dumps(data["about"])
    return f'{{\n "about": {about},\n "notes": {{\n{notes}\n }},\n "rows": [\n{rows}\n ]\n}}\n'


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="wheels, packed or unpacked")
    parser.add_argument("--ask", nargs="+", default=[], help="distributions to ask the index for")
    parser.add_argument("--table", type=Path, help="pigar's database")
    parser.add_argument("--write", action="store_true", help="note the result in the rows")
    options = parser.parse_args()
    if len(options.ask) > _FEW:
        parser.error(f"--ask takes {_FEW} at most: an index is no catalogue to walk through")
    data = json.loads(DATA.read_text(encoding="utf-8"))
    wheels = [wheel for folder in options.folders for wheel in in_folder(folder)]
    wheels += [wheel for requirement in options.ask for wheel in asked(requirement)]
    wrong = judge(data["rows"], wheels)
    if options.table:
        note_evidence(data["rows"], read_table(options.table))
    if options.write:
        DATA.write_text(dump(data), encoding="utf-8")
    checked = sum("checked" in row for row in data["rows"])
    print(f"{checked} of {len(data['rows'])} rows are checked")
    print("\n".join(wrong))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
