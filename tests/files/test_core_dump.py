"""A core dump is moved out of the project, and nothing else is."""

from __future__ import annotations

import errno
import os

import pytest

from jupyter_devbox.errors import FileError
from jupyter_devbox.files import core_dump
from jupyter_devbox.files.core_dump import take_core

CORE = b"\x7fELF" + bytes(12) + b"\4\0" + b"memory" * 1000

pytestmark = pytest.mark.skipif(os.name != "posix", reason="no core dumps on this system")


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "core.7").write_bytes(CORE)
    return folder


def test_it_is_moved_and_private(project, tmp_path):
    source = project / "sub" / "core.7"
    source.chmod(0o644)
    take_core(project, "sub/core.7", tmp_path / "kept.core")
    assert (tmp_path / "kept.core").read_bytes() == CORE
    assert (tmp_path / "kept.core").stat().st_mode & 0o777 == 0o600
    assert list((project / "sub").iterdir()) == []


def make_link(source, tmp_path):
    source.unlink()
    (tmp_path / "secret").write_bytes(CORE)
    source.symlink_to(tmp_path / "secret")


def make_second_name(source, _):
    os.link(source, source.with_name("again"))


def make_text(source, _):
    source.write_bytes(b"print(6 * 7)\n")


def make_program(source, _):
    source.write_bytes(CORE.replace(b"\4\0", b"\2\0", 1))


def make_pipe(source, _):
    source.unlink()
    os.mkfifo(source)


def make_folder(source, _):
    source.unlink()
    source.mkdir()


@pytest.mark.parametrize(
    "make", [make_link, make_second_name, make_text, make_program, make_pipe, make_folder]
)
def test_anything_else_stays(project, tmp_path, make):
    """As a box might put it there, to have it read, opened or removed by the host."""
    make(project / "sub" / "core.7", tmp_path)
    there = os.lstat(project / "sub" / "core.7")
    with pytest.raises((OSError, FileError)):
        take_core(project, "sub/core.7", tmp_path / "kept.core")
    assert not (tmp_path / "kept.core").exists()
    after = os.lstat(project / "sub" / "core.7")
    assert (after.st_mode, after.st_ino) == (there.st_mode, there.st_ino)


def test_a_way_that_leads_out(project, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "core").write_bytes(CORE)
    (project / "way").symlink_to(tmp_path / "out")
    for relative in ("way/core", "../out/core"):
        with pytest.raises(FileError):
            take_core(project, relative, tmp_path / "kept.core")
    assert (tmp_path / "out" / "core").exists()


def test_where_there_is_no_room_it_stays(project, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(core_dump.shutil, "copyfileobj", full)
    with pytest.raises(OSError, match="No space"):
        take_core(project, "sub/core.7", tmp_path / "kept.core")
    assert not (tmp_path / "kept.core").exists()
    assert (project / "sub" / "core.7").exists()


def test_what_is_put_there_meanwhile_stays(project, tmp_path, monkeypatch):
    def swap(opened, target):
        (project / "sub" / "core.7").unlink()
        (project / "sub" / "core.7").write_text("the user's")

    monkeypatch.setattr(core_dump, "_copy", swap)
    take_core(project, "sub/core.7", tmp_path / "kept.core")
    assert (project / "sub" / "core.7").read_text() == "the user's"
