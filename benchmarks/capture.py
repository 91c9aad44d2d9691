"""Time capture: the static scan of one notebook, and live capture among 300 distributions.

Run it with ``python -m benchmarks capture``. Each figure is the median of its runs in this
process; the floor beside it is what the same machine needs for the part that cannot be avoided.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.table import head, median_seconds, row
from jupyter_devbox.capture import capture_live, capture_notebook, probe
from jupyter_devbox.capture.apt import packages_of_libraries

RUNS = 15
DISTRIBUTIONS = 300
FILES_EACH = 150


def median_ms(work: Callable[[], object]) -> float:
    """Return the median of `RUNS` calls, in milliseconds, after one call that is not counted."""
    return median_seconds(work, RUNS) * 1000


def static_scan() -> tuple[float, float]:
    """Return the milliseconds of one notebook's static scan, and of only reading its JSON."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "analysis.ipynb"
        path.write_text(json.dumps(_notebook()), encoding="utf-8")
        scan = median_ms(lambda: capture_notebook(path, project=Path(folder)))
        floor = median_ms(lambda: json.loads(path.read_bytes()))
    return scan, floor


def live_capture() -> tuple[float, float]:
    """Return the milliseconds of a live capture among 300 distributions, and of reading RECORDs."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site-packages"
        _fake_site(site)
        sys.path.append(str(site))
        try:
            work = median_ms(lambda: _live(Path(folder)))
        finally:
            sys.path.remove(str(site))
        records = sorted(site.glob("*.dist-info/RECORD"))
        floor = median_ms(lambda: [record.read_bytes() for record in records])
    return work, floor


def apt_step() -> tuple[float, float]:
    """Return the milliseconds that the libraries of this process take: first, and once cached."""
    libraries = probe.answer({"libraries": True})["libraries"]
    start = time.perf_counter()
    packages_of_libraries(libraries)
    first = (time.perf_counter() - start) * 1000
    return first, median_ms(lambda: packages_of_libraries(libraries))


def _live(folder: Path) -> object:
    names = [f"import pack{number}.sub" for number in range(0, DISTRIBUTIONS, 20)]
    cells = [(number, source) for number, source in enumerate(names, start=1)]
    return capture_live(cells=cells, history=names, notebook=None, project=folder)


def _notebook() -> dict[str, object]:
    """Return a notebook like most: 30 code cells, magics, text, outputs."""
    sources = [
        "%matplotlib inline\nimport numpy as np\nimport pandas as pd",
        "!pip install -q seaborn 'scikit-learn>=1.4'",
        "from sklearn.model_selection import train_test_split\nfrom sklearn import svm",
        "%%time\nframe = pd.read_csv('data.csv')\nframe.describe()",
    ]
    body = "\n".join(f"value_{i} = np.sqrt(frame['a'] * {i}) + {i} % 7" for i in range(25))
    sources += [f"# step {number}\n{body}\nprint(value_1)" for number in range(26)]
    output = {"output_type": "stream", "name": "stdout", "text": ["0.1234\n"] * 200}
    cells: list[dict[str, object]] = []
    for source in sources:
        cells.append({"cell_type": "markdown", "metadata": {}, "source": "text " * 40})
        cells.append(
            {
                "cell_type": "code",
                "execution_count": 1,
                "metadata": {},
                "outputs": [output],
                "source": source.splitlines(keepends=True),
            }
        )
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def _fake_site(site: Path) -> None:
    for number in range(DISTRIBUTIONS):
        name, info = f"pack{number}", site / f"pack{number}-1.{number}.dist-info"
        info.mkdir(parents=True)
        (site / name / "sub").mkdir(parents=True)
        (site / name / "__init__.py").touch()
        (site / name / "sub" / "__init__.py").touch()
        files = ["__init__.py", "sub/__init__.py"]
        files += [f"module_{index}/part_{index}.py" for index in range(FILES_EACH)]
        rows = [f"{name}/{file},sha256={'a' * 43},{1000 + number}" for file in files]
        (info / "RECORD").write_text("\n".join([*rows, f"{info.name}/RECORD,,", ""]))
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.{number}\n"
            f"Requires-Dist: pack{(number + 1) % DISTRIBUTIONS}\n\nlong text\n"
        )


def main() -> None:
    """Print the table; the apt step first, for a live capture fills its cache."""
    first, cached = apt_step()
    scan, parsing = static_scan()
    work, reading = live_capture()
    head()
    row("static scan of a notebook", f"{scan:.1f} ms", "≤ 5 ms", f"its JSON alone {parsing:.1f} ms")
    what = f"live capture, {DISTRIBUTIONS} distributions"
    row(what, f"{work:.0f} ms", "≤ 100 ms", f"reading the RECORDs alone {reading:.1f} ms")
    row("apt step of a live capture", f"{first:.0f} ms", "-", f"again, cached {cached:.1f} ms")


if __name__ == "__main__":
    main()
