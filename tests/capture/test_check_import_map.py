"""The check of the import map: what it takes for a wheel that holds a module."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from zipfile import ZipFile

import pytest

from tests.capture.check_import_map import Wheel, in_folder, judge, note_evidence, read_table


def wheel(version, *paths, name="demo"):
    """Return a wheel whose files have a byte each."""
    return Wheel(name, version, "\n".join(["", *(f"{path},,1" for path in paths)]).encode())


@pytest.mark.parametrize(
    "path",
    [
        "a/b/__init__.py",
        "a/b/deep/c.py",
        "a/b.py",
        "a/b.so",
        "a/b.abi3.so",
        "a/b.cpython-311-x86_64-linux-gnu.so",
        "a/b.cp311-win_amd64.pyd",
        "demo-1.data/purelib/a/b.py",
        "cmeel.prefix/lib/python3.11/site-packages/a/b/__init__.py",
    ],
)
def test_a_module_is_found_where_an_installer_puts_it(path):
    assert wheel("1", path).provides("a.b")


@pytest.mark.parametrize("path", ["a/bc.py", "x/a/b.py", "a/B.py", "axb.py", "a/b.pyi", "a/b"])
def test_what_only_resembles_the_module_is_not_it(path):
    assert not wheel("1", path).provides("a.b")


def test_a_file_of_a_wheel_is_not_read_but_its_list_is(tmp_path):
    with ZipFile(tmp_path / "My_Demo-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("demo/__init__.py", "")
        archive.writestr("demo/core.py", "x = 1")
    [found] = in_folder(tmp_path)
    assert (found.name, found.version) == ("my-demo", "1.0")
    assert found.provides("demo.core")
    assert not found.is_hollow()


def test_a_reserved_name_is_hollow():
    empty = Wheel("demo", "1", b"\ndemo/__init__.py,sha256=x,0\ndemo-1.dist-info/METADATA,,90")
    assert empty.is_hollow()
    assert not wheel("1", "demo/__init__.py").is_hollow()


def test_the_newest_wheel_decides():
    row = {"import": "demo", "dist": "demo", "note": "name"}
    assert judge([row], [wheel("10.0", "demo.py"), wheel("9.0", "demo.py")]) == []
    assert row == {"import": "demo", "dist": "demo", "checked": "10.0"}
    assert judge([row], [wheel("9.0", "demo.py"), wheel("11.0", "other.py")]) == [
        "demo 11.0 lacks demo, 9.0 has it"
    ]


def test_a_note_settles_what_the_newest_wheel_lacks():
    older = {"import": "demo", "dist": "demo", "note": "older"}
    assert judge([older], [wheel("1", "demo.py"), wheel("2", "other.py")]) == []
    assert older["checked"] == "1"
    assert older["note"] == "older"
    parts = {"import": "demo", "dist": "demo", "note": "parts"}
    assert judge([parts], [wheel("2")]) == []
    assert "checked" not in parts


def test_an_empty_distribution_is_wrong_unless_it_only_stands_in():
    assert judge([{"import": "demo", "dist": "demo"}], [wheel("1")]) == ["demo 1 has no code"]
    row = {"import": "demo", "dist": "demo-core", "alternatives": ["demo"]}
    assert judge([row], [wheel("1")]) == []
    assert judge([row], [wheel("1", "other.py")]) == ["demo 1 lacks demo"]


def test_a_table_tells_what_no_wheel_did(tmp_path):
    file = tmp_path / "table.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("""
            CREATE TABLE distributions (id INTEGER PRIMARY KEY, name VARCHAR);
            CREATE TABLE top_level_module_names (distribution_id INTEGER, name VARCHAR);
            INSERT INTO distributions VALUES (1, 'Py_Demo'), (2, 'guess');
            INSERT INTO top_level_module_names VALUES (1, 'demo.core'), (2, 'Guess');
        """)
    rows = [
        {"import": "demo.core", "dist": "py-demo"},
        {"import": "guess", "dist": "guess"},
        {"import": "elsewhere", "dist": "guess"},
        {"import": "dropped", "dist": "py-demo", "note": "older"},
        {"import": "seen", "dist": "py-demo", "checked": "1"},
        {"import": "nowhere", "dist": ""},
    ]
    note_evidence(rows, read_table(file))
    assert [row.get("note") for row in rows] == ["table", "name", "memory", "older", None, None]
