"""What the chore writes: new rows in their place, old ones untouched, a row a line."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from jupyter_devbox.catalogue.reader import DATA

CHORES = Path(__file__).parents[2] / ".ci"
OLD = {"about": "x", "rows": [{"torch": "2.9.1", "cuda": "12.8", "read": "2025-01-01"}]}


@pytest.fixture
def chore(monkeypatch):
    if not CHORES.is_dir():
        pytest.skip("the chores are not part of a source distribution")
    monkeypatch.syspath_prepend(str(CHORES))
    made = importlib.import_module("catalogue")
    monkeypatch.setattr(made, "today", lambda: "2026-12-24")
    return made


@pytest.mark.parametrize("path", sorted(DATA.glob("*.json")), ids=lambda path: path.stem)
def test_a_table_is_written_as_it_stands(chore, path):
    text = path.read_text(encoding="utf-8")
    assert chore.dump(json.loads(text)) == text


def test_a_new_release_is_a_row_at_its_place_with_its_day(chore):
    def make(version, old):
        return {"torch": version, "cuda": "12.8"}

    table = chore.refreshed(OLD, "torch", {"2.10.0", "2.9.1"}, make, every=False)
    assert table["rows"] == [
        {"torch": "2.10.0", "cuda": "12.8", "read": "2026-12-24"},
        {"torch": "2.9.1", "cuda": "12.8", "read": "2025-01-01"},
    ]
    assert table["about"] == "x"


def test_a_row_that_says_something_new_gets_the_day_and_keeps_its_order(chore):
    def make(version, old):
        assert old == OLD["rows"][0]
        return {"cuda": "12.6", "torch": version}

    (row,) = chore.refreshed(OLD, "torch", (), make, every=True)["rows"]
    assert list(row.items()) == [("torch", "2.9.1"), ("cuda", "12.6"), ("read", "2026-12-24")]


def test_a_row_is_read_for_a_python_that_most_have(chore):
    assert chore.usual(["3.10", "3.11", "3.12", "3.13"]) == "3.12"
    assert chore.usual(["3.9", "3.10"]) == "3.10"
    with pytest.raises(Exception, match="no wheel for any Python"):
        chore.usual([])
