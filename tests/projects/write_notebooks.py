"""Write the notebooks of the sample projects: ``python tests/projects/write_notebooks.py``.

A notebook is a list of cells: text starting with ``#`` and a space on the first line is markdown,
a pair is a code cell with a tag.
"""

from __future__ import annotations

import json
from pathlib import Path

HERE = Path(__file__).parent
FAILS = "raises-exception"

Cell = str | tuple[str, str]

NOTEBOOKS: dict[str, list[Cell]] = {
    "plain": [
        "# Readings\n\nThe standard library alone: a table is read, a summary is written.",
        "import csv\nimport json\nimport statistics\nfrom pathlib import Path",
        (
            "rows = list(csv.DictReader(Path('data/readings.csv').open(encoding='utf-8')))\n"
            "len(rows), rows[0]"
        ),
        (
            "levels = [float(row['level']) for row in rows]\n"
            "summary = {'mean': statistics.mean(levels), 'highest': max(levels)}\nprint(summary)"
        ),
        (
            "Path('out').mkdir(exist_ok=True)\n"
            "Path('out/summary.json').write_text(json.dumps(summary), encoding='utf-8')"
        ),
        "print('naïve café ✓')",
    ],
    "sklearn_local": [
        "# A model with a package of one's own",
        (
            "from sklearn.linear_model import LogisticRegression\n\n"
            "from features.build import scaled\nfrom features.load import petals"
        ),
        "frame, kinds = petals()\nframe.describe().round(3)",
        (
            "model = LogisticRegression(random_state=0).fit(scaled(frame), kinds)\n"
            "print(f'{model.score(scaled(frame), kinds):.3f}')"
        ),
        "model",
    ],
    "c_library": [
        "# A library and a program that Debian has and PyPI has not",
        "import magic",
        "magic.from_buffer(b'%PDF-1.7\\n', mime=True)",
        "!echo '{\"b\": [1, 2]}' | jq -c .b",
    ],
    "vcs": [
        "# A distribution installed from Git, at a commit",
        "import devbox_sample_vcs",
        "print(devbox_sample_vcs.greet('box'))",
    ],
    "wheel": [
        "# A distribution installed from a wheel file that no index has",
        "from devbox_sample_wheel import answer",
        "answer()",
    ],
    "excel": [
        "# pandas writes and reads Excel by an engine that no cell names",
        "import pandas as pd",
        (
            "table = pd.DataFrame({'fruit': ['apple', 'pear'], 'count': [3, 4]})\n"
            "table.to_excel('fruit.xlsx', index=False)"
        ),
        "pd.read_excel('fruit.xlsx')",
    ],
    "broken_cell": [
        "# One cell does not parse and one raises; the others count all the same",
        "import numpy as np",
        ("import pandas as pd\nprint(np.arange(3)", FAILS),
        ("raise ValueError('as planned')", FAILS),
        "import dateutil\nprint(np.arange(3).sum(), dateutil.parser.isoparse('2024-02-29').year)",
    ],
    "no_imports": [
        "# Nothing is imported at all",
        "6 * 7",
        "print([n * n for n in range(4)])",
    ],
}


def notebook(cells: list[Cell]) -> str:
    """Return the text of a notebook."""
    document = {
        "cells": [_cell(number, cell) for number, cell in enumerate(cells)],
        "metadata": {
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _cell(number: int, cell: Cell) -> dict[str, object]:
    source, tag = cell if isinstance(cell, tuple) else (cell, "")
    markdown = source.startswith("# ")
    common: dict[str, object] = {
        "cell_type": "markdown" if markdown else "code",
        "id": f"cell-{number}",
        "metadata": {"tags": [tag]} if tag else {},
        "source": source.splitlines(keepends=True),
    }
    return common if markdown else {**common, "execution_count": None, "outputs": []}


def main() -> None:
    """Write every notebook."""
    for name, cells in NOTEBOOKS.items():
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        (folder / "analysis.ipynb").write_text(notebook(cells), encoding="utf-8")


if __name__ == "__main__":
    main()
