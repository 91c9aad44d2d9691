"""The data tables: well formed, sorted, without doubles."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from jupyter_devbox import capture
from jupyter_devbox.capture.engines import engine_names, engine_rules
from jupyter_devbox.capture.importmap import look_up
from tests.capture.check_import_map import dump, judge, unpacked

DATA = Path(capture.__file__).parent / "data"


def rows():
    return json.loads((DATA / "import_map.json").read_text(encoding="utf-8"))


def test_the_map_is_well_formed():
    data = rows()
    names = [row["import"] for row in data["rows"]]
    assert len(names) == len(set(names)) > 1000
    assert names == sorted(names, key=lambda name: (name.lower(), name))
    for row in data["rows"]:
        assert set(row) <= {"import", "dist", "alternatives", "checked", "note"}
        assert all(part.isidentifier() for part in row["import"].split("."))
        for dist in filter(None, (row["dist"], *row.get("alternatives", ()))):
            assert canonicalize_name(dist, validate=True) == dist


def test_every_row_is_checked_against_a_wheel_or_tells_why_not():
    data = rows()
    for row in filter(lambda row: row["dist"], data["rows"]):
        assert "checked" in row or "note" in row, row
        # Of what was opened only one thing is left to say.
        assert "checked" not in row or row.get("note", "older") == "older", row
    assert {row["note"] for row in data["rows"] if "note" in row} == set(data["notes"])


def test_the_map_is_written_a_row_a_line():
    text = (DATA / "import_map.json").read_text(encoding="utf-8")
    assert dump(json.loads(text)) == text


def test_what_is_installed_here_agrees_with_the_map():
    wheels = [wheel for folder in sys.path if folder for wheel in unpacked(Path(folder))]
    here = [row for row in rows()["rows"] if row["dist"] in {wheel.name for wheel in wheels}]
    assert len(here) > 10
    assert judge(here, wheels) == []


@pytest.mark.parametrize(
    "name", ["utils", "tools", "helpers", "models", "data", "hgraph", "syngen"]
)
def test_names_of_peoples_own_folders_are_not_in_the_map(name):
    assert look_up(name) is None


def test_engine_names_are_distributions():
    for name in engine_names():
        assert canonicalize_name(name, validate=True) == name


def test_every_engine_rule_can_be_reached():
    rules = engine_rules()
    for rule in rules.rules:
        assert rule.uses or rule.imports or rule.scheme is not None, rule
        assert rule.engines or rule.anyof or rule.apt or rule.group, rule
