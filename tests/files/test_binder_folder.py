"""What a project has for Binder, and the file that has no room for a mark."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.errors import ConfigurationError, FileError
from jupyter_devbox.files.binder import read_binder
from jupyter_devbox.files.merge import merge
from jupyter_devbox.spec.tree import BareFile

LOCK = "# Locked by jupyter-devbox for Python 3.12.1 on linux/amd64; not to be edited. 0\n"


def test_nothing_is_there(tmp_path):
    (tmp_path / "environment.yml").write_text("")
    found = read_binder(tmp_path)
    assert (found.there, found.rival, found.names, found.pins) == (False, False, frozenset(), {})
    assert "environment.yml" in found.top


def test_a_lock_says_what_was_locked_for_which_python(tmp_path):
    (tmp_path / "binder").mkdir()
    (tmp_path / ".binder").mkdir()
    (tmp_path / "binder/requirements.txt").write_bytes(
        (LOCK + "jupyterlab==4.4.1 \\\n    --hash=sha256:0\n").replace("\n", "\r\n").encode()
    )
    found = read_binder(tmp_path)
    assert (found.there, found.rival, found.python) == (True, True, "3.12.1")
    assert found.names == {"requirements.txt"}
    assert found.pins == {"jupyterlab": "4.4.1"}


def test_what_is_no_text_is_named(tmp_path):
    (tmp_path / "binder").mkdir()
    (tmp_path / "binder/requirements.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"binder/requirements\.txt"):
        read_binder(tmp_path)


def test_nothing_is_read_outside_of_the_project(tmp_path):
    project, outside = tmp_path / "p", tmp_path / "outside"
    project.mkdir()
    outside.mkdir()
    (outside / "requirements.txt").write_text("numpy==1\n")
    (project / "binder").symlink_to(outside)
    with pytest.raises(FileError):
        read_binder(project)


def merged(text, before, existing):
    return merge(BareFile(path="binder/runtime.txt", text=text, before=before), existing)


@pytest.mark.parametrize("existing", [None, b"python-3.11\n", b"python-3.11"])
def test_a_bare_file_of_ours_follows_the_plan(existing):
    done = merged("python-3.12\n", "python-3.11\n", existing)
    assert (done.content, done.conflicts) == (b"python-3.12\n", ())


def test_a_bare_file_as_planned_keeps_its_bytes():
    assert merged("python-3.12\n", "", b"python-3.12").content == b"python-3.12"


def test_an_edit_of_a_bare_file_stays_until_the_plan_changes():
    kept = merged("python-3.12\n", "python-3.12\n", b"python-3.10\n")
    assert (kept.content, kept.conflicts) == (b"python-3.10\n", ())
    (conflict,) = merged("python-3.13\n", "python-3.12\n", b"python-3.10\n").conflicts
    assert conflict.diff() == ("- python-3.10", "+ python-3.13")


@given(existing=st.binary())
def test_a_bare_file_of_somebody_elses_is_never_overwritten_in_silence(existing):
    done = merged("python-3.12\n", "", existing)
    assert (
        done.content == existing or done.conflicts or not existing.decode(errors="replace").strip()
    )
    assert merged("python-3.12\n", "", done.content).content == done.content
