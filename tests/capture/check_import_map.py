"""Check the rows of the import map against installed wheels, and note what was checked.

``python tests/capture/check_import_map.py SITE_PACKAGES… [--write]`` goes through every row whose
distribution is installed in one of the folders. A row holds when the distribution's RECORD, made
by the installer from the wheel, lists the module. ``--write`` notes the version in the row.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from jupyter_devbox.capture.probe import Distribution, Environment

DATA = Path(__file__).parents[2] / "jupyter_devbox" / "capture" / "data" / "import_map.json"


def provides(distribution: Distribution, dotted: str) -> bool:
    """Tell whether RECORD lists the module, or files below it."""
    path = b"\n" + dotted.replace(".", "/").encode()
    return any(
        path + end in distribution.record for end in (b"/", b".py,", b".cpython-", b".abi3.")
    )


def dump(data: dict) -> str:
    """Return the data file's text: a row a line."""
    rows = ",\n".join(f"  {json.dumps(row)}" for row in data["rows"])
    return f'{{\n "about": {json.dumps(data["about"])},\n "rows": [\n{rows}\n ]\n}}\n'


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", help="site-packages folders")
    parser.add_argument("--write", action="store_true", help="note the checked versions")
    options = parser.parse_args()
    data = json.loads(DATA.read_text(encoding="utf-8"))
    environments = [Environment([folder]).distributions for folder in options.folders]
    wrong, checked = set(), 0
    for row in data["rows"]:
        for found in environments:
            distribution = found.get(row["dist"])
            if distribution is None:
                continue
            if provides(distribution, row["import"]):
                row["checked"] = distribution.version
                checked += 1
                break
            wrong.add(f"{distribution.name} {distribution.version} lacks {row['import']}")
    if options.write:
        DATA.write_text(dump(data), encoding="utf-8")
    total = sum("checked" in row for row in data["rows"])
    print(f"{checked} rows hold, {len(wrong)} do not; {total} of {len(data['rows'])} are checked")
    print("\n".join(sorted(wrong)))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
