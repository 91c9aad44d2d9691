"""A program in the box bends the way while the host goes it, or lets the host's disk run full."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from makers import lock, locked, spec

from jupyter_devbox.errors import DevboxError, FileError, ReadOnlyError
from jupyter_devbox.files import folder as folder_module
from jupyter_devbox.files.folder import confined, held, held_inside, read_inside
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.files.writer import Change, Changes, atomic_write, compare, write
from jupyter_devbox.render import render
from jupyter_devbox.spec.project import ProjectOptions

PRECIOUS = b"precious"
WHOLE = render(spec(), lock(locked("six==1.17")), ProjectOptions(), uv_version="0.8.0")

pytestmark = pytest.mark.skipif(not folder_module.HOLDS, reason="no folder is held open here")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    for file in WHOLE.files:
        (folder / Path(file.path).name).write_bytes(PRECIOUS)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def contents(folder: Path) -> set[bytes]:
    return {path.read_bytes() for path in folder.iterdir()}


def bend_after_the_look(monkeypatch: pytest.MonkeyPatch, path: Path, target: Path) -> None:
    """Replace a path by a link just when it was found to be none."""

    def look(project: Path, relative: str) -> Path:
        found = confined(project, relative)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        path.symlink_to(target)
        return found

    monkeypatch.setattr(folder_module, "confined", look)


def change(path: str, new: bytes | None = b"evil") -> Changes:
    return Changes(changes=(Change(path=path, old=None, new=new),), conflicts=())


@pytest.mark.parametrize("new", [b"evil", None], ids=["write", "remove"])
def test_a_folder_that_becomes_a_link_is_not_entered(project, outside, monkeypatch, new):
    (project / ".devcontainer").mkdir()
    bend_after_the_look(monkeypatch, project / ".devcontainer", outside)
    before = sorted(outside.iterdir())
    with pytest.raises(FileError, match="link leads out"):
        write(project, change(".devcontainer/Dockerfile", new))
    assert sorted(outside.iterdir()) == before
    assert contents(outside) == {PRECIOUS}


def test_a_file_that_becomes_a_link_is_replaced_and_not_followed(project, outside, monkeypatch):
    (project / ".devcontainer").mkdir()
    path = project / ".devcontainer" / "Dockerfile"
    bend_after_the_look(monkeypatch, path, outside / "Dockerfile")
    write(project, change(".devcontainer/Dockerfile"))
    assert path.read_bytes() == b"evil"
    assert not path.is_symlink()
    assert contents(outside) == {PRECIOUS}


def test_a_file_that_becomes_a_link_is_not_read(project, outside, monkeypatch):
    """What stands outside would else be copied into the project, as lines of the user's own."""
    (project / ".devcontainer").mkdir()
    path = project / ".devcontainer" / "requirements.in"
    bend_after_the_look(monkeypatch, path, outside / "requirements.in")
    with pytest.raises(FileError, match="link leads out"):
        compare(project, WHOLE)
    with pytest.raises(FileError, match="link leads out"):
        read_inside(project, ".devcontainer/requirements.in")


# Exchanges two names for as long as it is let: at no moment is either of them missing.
SWAP = """
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
a, b = (name.encode() for name in sys.argv[1:])
if libc.renameat2(-100, a, -100, b, 2):
    sys.exit("no such exchange here")
print("up", flush=True)
while True:
    libc.renameat2(-100, a, -100, b, 2)
"""


def test_a_box_that_never_stops_swapping(project, outside):
    """The same without a hand in the clock: whatever is hit, nothing outside changes."""
    (project / ".devcontainer").mkdir()
    (project / "bait").symlink_to(outside)
    words = [sys.executable, "-c", SWAP, project / ".devcontainer", project / "bait"]
    before = sorted(outside.iterdir())
    ended = {"done": 0, "refused": 0}
    with subprocess.Popen(words, stdout=subprocess.PIPE) as swapper:
        try:
            assert swapper.stdout is not None
            if not swapper.stdout.readline():
                pytest.skip("this system exchanges no names at once")
            number, until = 0, time.monotonic() + 30
            # On a busy machine the swapper may sleep for hundreds of writes.
            while number < 400 or (not all(ended.values()) and time.monotonic() < until):
                number += 1
                try:
                    write(project, change(".devcontainer/Dockerfile", b"%d" % number))
                    ended["done"] += 1
                except DevboxError:
                    ended["refused"] += 1
        finally:
            swapper.kill()
    assert all(ended.values()), ended
    assert sorted(outside.iterdir()) == before
    assert contents(outside) == {PRECIOUS}


def test_a_pipe_in_the_project_keeps_nobody_waiting(project):
    (project / ".devcontainer").mkdir()
    for name in ("devcontainer.json", "requirements.in"):
        os.mkfifo(project / ".devcontainer" / name)
        with pytest.raises(FileError, match="cannot be read"):
            read_environment(project)
        with pytest.raises(ReadOnlyError, match="no ordinary file"):
            compare(project, WHOLE)
        (project / ".devcontainer" / name).unlink()


def test_a_held_folder_stays_the_one_it_was(project, outside):
    inner = project / "out"
    inner.mkdir()
    with held(inner) as folder:
        inner.rename(project / "moved")
        inner.symlink_to(outside)
        folder.write("Dockerfile", b"mine")
    assert (project / "moved" / "Dockerfile").read_bytes() == b"mine"
    assert contents(outside) == {PRECIOUS}


def test_a_way_that_is_bent_by_a_link_inside_stays_the_user_s(project):
    (project / "real").mkdir()
    (project / ".devcontainer").symlink_to("real")
    with held_inside(project, ".devcontainer/x") as (folder, name):
        folder.write(name, b"1")
    assert (project / "real" / "x").read_bytes() == b"1"


# --- a disk that is really full ----------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path):
    """A disk of 256 kB, which root alone can make."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("only root, where it may mount, can make a disk that is full")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Leave so many bytes free on a disk."""
    ballast = disk / "ballast"
    free = shutil.disk_usage(disk).free
    ballast.write_bytes(b"x" * max(0, free - leave))
    return ballast


def snapshot(project: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(project)): path.read_bytes() if path.is_file() else None
        for path in sorted(project.rglob("*"))
    }


@pytest.mark.parametrize("leave", [0, 4096, 8192, 16384])
def test_a_full_disk_leaves_the_project_as_it_was(small_disk, leave):
    project = small_disk / "project"
    project.mkdir()
    write(project, compare(project, WHOLE))
    before = snapshot(project)
    big = WHOLE.files[-1].path
    ballast = fill(small_disk, leave)
    changes = Changes(
        changes=tuple(
            Change(path=path, old=None, new=b"n" * 6000)
            for path in (".devcontainer/Dockerfile", ".devcontainer/wheels/new.whl", "a/b/c", big)
        ),
        conflicts=(),
    )
    with pytest.raises(FileError, match="disk is full") as caught:
        write(project, changes)
    assert caught.value.hint == "jupyter devbox prune"
    assert snapshot(project) == before
    ballast.unlink()
    write(project, changes)
    assert (project / "a" / "b" / "c").read_bytes() == b"n" * 6000


def test_a_full_disk_keeps_the_old_file(small_disk):
    path = small_disk / "x"
    atomic_write(path, b"old")
    fill(small_disk, 0)
    with pytest.raises(OSError, match="No space") as caught:
        atomic_write(path, b"n" * 100_000)
    assert caught.value.errno == errno.ENOSPC
    assert path.read_bytes() == b"old"
    assert sorted(p.name for p in small_disk.iterdir()) == ["ballast", "x"]
