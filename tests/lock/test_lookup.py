"""What an index knows of a name."""

from __future__ import annotations

from jupyter_devbox.lock import look_up


def test_a_name_that_the_index_lacks_however_narrow_the_terminal(index, monkeypatch):
    """uv breaks its sentences at COLUMNS, which shells and pytest's workers export."""
    monkeypatch.setenv("COLUMNS", "40")
    assert look_up("nobodys-package-of-a-long-name", index.env) is None


def test_the_newest_wheel_of_a_name(index):
    index.add("ours", "1.0")
    index.add("ours", "1.1")
    index.add("sources", "1.0", source=True)
    found = look_up("ours", index.env)
    assert found is not None
    assert (found.name, found.version) == ("ours", "1.1")
    without = look_up("sources", index.env)
    assert without is not None
    assert without.version is None
