"""The development third of the gold set: a notebook a row, nothing installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_devbox.capture import capture_notebook
from tests.capture.conftest import write_notebook

GOLD = Path(__file__).parents[3] / "shared" / "data" / "capture-dev.json"
NEITHER_WAY = {"google-colab", "pip", "setuptools", "ipykernel"}


def _rows() -> list[dict[str, object]]:
    return json.loads(GOLD.read_text()) if GOLD.exists() else []


def _captured(row: dict, folder: Path) -> tuple[set[str], set[str]]:
    for name in row["local"]:
        (folder / f"{name}.py").write_text("")
    cells = [f"import {name}" for name in row["imports"]]
    cells += [f"!pip install {spec}" for spec in row["pip_specs"]]
    cells += [f"%load_ext {name}" for name in row["load_ext"]]
    cells += [f"!apt-get install -y {name}" for name in row["apt"]]
    snapshot = capture_notebook(write_notebook(folder / "n.ipynb", cells), project=folder)
    ignored = {*row["neutral"], *row["needs"], *NEITHER_WAY}
    equal = {other: name for name, others in row["accept"].items() for other in others}
    found = {equal.get(r.name, r.name) for r in snapshot.requirements if r.reason == "import"}
    return found - ignored, set(row["gold"]) - ignored


@pytest.mark.skipif(not GOLD.exists(), reason=f"no gold set beside the repository: {GOLD}")
def test_gold_rows(tmp_path):
    right = extra = missed = exact = 0
    wrong = []
    for row in _rows():
        folder = tmp_path / row["id"]
        folder.mkdir()
        found, gold = _captured(row, folder)
        right += len(found & gold)
        extra += len(found - gold)
        missed += len(gold - found)
        exact += found == gold
        if found != gold:
            wrong.append((row["id"], sorted(found ^ gold)))
    assert 2 * right / (2 * right + extra + missed) >= 0.985, wrong
    assert exact / len(_rows()) >= 0.95, wrong


@pytest.mark.skipif(not GOLD.exists(), reason=f"no gold set beside the repository: {GOLD}")
def test_gold_install_lines_are_all_named(tmp_path):
    for row in _rows():
        folder = tmp_path / row["id"]
        folder.mkdir()
        cells = [f"!pip install {spec}" for spec in row["pip_specs"]]
        snapshot = capture_notebook(write_notebook(folder / "n.ipynb", cells), project=folder)
        found = {r.name for r in snapshot.requirements if r.reason == "install"}
        assert found == set(row["pip_installs"]) - {"pip"}, row["id"]
