"""The shared folder: short, private, and never somebody else's."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path

import pytest

from jupyter_devbox.errors import RunError
from jupyter_devbox.run.runtime_dir import (
    default_base,
    open_runtime_dir,
    runtime_key,
    write_private,
)


@pytest.fixture
def base():
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="jdb-t-") as folder:
        yield Path(folder) / "b"


def opened(base: Path, key: str = "abcd1234", uid: int | None = None):
    uid = os.getuid() if uid is None else uid
    return open_runtime_dir(key, uid=uid, gid=os.getgid(), base=base)


def names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


def test_layout(base):
    runtime = opened(base)
    for folder in (base, runtime.path, runtime.sockets, runtime.shared):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert [m.readonly for m in runtime.mounts()] == [False, True]
    assert opened(base) == runtime


def test_default_is_short(monkeypatch):
    monkeypatch.delenv("JUPYTER_DEVBOX_RUNTIME_DIR", raising=False)
    assert default_base() == Path(f"/tmp/jdb-{os.getuid()}")
    monkeypatch.setenv("JUPYTER_DEVBOX_RUNTIME_DIR", "/run/x")
    assert default_base() == Path("/run/x")


def test_key_tells_apart():
    assert runtime_key("/a", "cpu") != runtime_key("/a", "cuda") != runtime_key("/ac", "puda")
    assert len(runtime_key("/a")) == 8


def test_too_deep(base):
    with pytest.raises(RunError, match="too deep") as caught:
        opened(base.parent / ("x" * 70))
    assert "JUPYTER_DEVBOX_RUNTIME_DIR" in caught.value.hint


def test_a_link_is_refused(base):
    (base.parent / "elsewhere").mkdir()
    base.symlink_to(base.parent / "elsewhere")
    with pytest.raises(RunError, match="somebody else"):
        opened(base)


def test_a_file_is_refused(base):
    base.write_text("")
    with pytest.raises(RunError, match="somebody else"):
        opened(base)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to give a folder away")
def test_a_strangers_folder_is_refused(base):
    base.mkdir()
    os.chown(base, 12345, 12345)
    with pytest.raises(RunError, match="somebody else"):
        opened(base)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to give files away")
def test_root_hands_over_what_the_box_uses(base):
    runtime = opened(base, uid=12345)
    runtime.share("x.json", b"{}")
    assert runtime.sockets.stat().st_uid == runtime.shared.stat().st_uid == 12345
    assert (runtime.shared / "x.json").stat().st_uid == 12345
    assert runtime.path.stat().st_uid == 0


def test_an_open_folder_is_closed(base):
    base.mkdir(mode=0o755)
    opened(base)
    assert base.stat().st_mode & 0o777 == 0o700


def test_no_place(base, monkeypatch):
    with pytest.raises(RunError, match="can't be made"):
        opened(base / "missing" / "deep")


def test_share_and_discard(base):
    runtime = opened(base)
    assert runtime.share("k1.json", b"secret") == "/run/devbox/k/k1.json"
    assert (runtime.shared / "k1.json").stat().st_mode & 0o777 == 0o600
    for name in ("k1-1", "k1-5", "k1.log", "k12-1"):
        (runtime.sockets / name).touch()
    runtime.discard("k1")
    assert names(runtime.shared) == []
    assert names(runtime.sockets) == ["k12-1"]


def test_share_leaves_equal_files_alone(base):
    runtime = opened(base)
    runtime.share("a", b"1")
    before = (runtime.shared / "a").stat().st_ino
    runtime.share("a", b"1")
    assert (runtime.shared / "a").stat().st_ino == before
    runtime.share("a", b"2")
    assert (runtime.shared / "a").read_bytes() == b"2"


def test_remove(base):
    runtime = opened(base)
    runtime.mark("proven")
    assert runtime.marked("proven")
    runtime.remove()
    assert not runtime.path.exists()


def test_write_private_replaces(tmp_path):
    target = tmp_path / "f"
    target.write_text("old")
    write_private(target, b"new")
    assert target.read_text() == "new"
    assert names(tmp_path) == ["f"]


def test_lock_lets_one_in_at_a_time(base):
    runtime = opened(base)
    inside, most = [], []

    def work():
        with runtime.locked():
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.02)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]
