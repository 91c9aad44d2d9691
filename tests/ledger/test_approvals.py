"""What the user approved, kept for the user alone."""

from __future__ import annotations

import hashlib

import pytest

from jupyter_devbox.errors import ReadOnlyError
from jupyter_devbox.files import writer
from jupyter_devbox.ledger import approvals as module
from jupyter_devbox.ledger.approvals import Approval, Approvals

TEXT = b"FROM x\n"
DIGEST = hashlib.sha256(TEXT).hexdigest()
ONE = Approval(files={".devcontainer/Dockerfile": DIGEST}, grants={"f" * 64: "/mounts/0"})


@pytest.fixture
def kept(tmp_path):
    return Approvals(tmp_path / "trust")


def test_written_read_and_forgotten(kept):
    assert kept.read("/p") == Approval()
    kept.write("/p", ONE, {DIGEST: TEXT})
    assert kept.read("/p") == ONE
    assert kept.text("/p", DIGEST) == "FROM x\n"
    assert kept.read("/other/p") == Approval()
    assert kept.forget("/p") is True
    assert kept.forget("/p") is False
    assert kept.read("/p") == Approval()
    assert kept.text("/p", DIGEST) is None


def test_for_the_user_alone(kept):
    kept.write("/p", ONE, {DIGEST: TEXT})
    for path in kept.folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


def test_the_projects_are_known(kept):
    assert list(kept.projects()) == []
    kept.write("/p", ONE, {})
    kept.write("/q", ONE, {})
    (kept.folder / "strange").mkdir()
    (kept.folder / "strange" / "approval.json").write_text('{"project": "/r"}')
    (kept.folder / "broken").mkdir()
    (kept.folder / "broken" / "approval.json").write_text("{")
    assert sorted(kept.projects()) == ["/p", "/q"]


def test_old_texts_go(kept):
    kept.write("/p", ONE, {DIGEST: TEXT})
    kept.write("/p", Approval(), {})
    assert [path.name for path in kept.folder.rglob("*") if path.is_file()] == ["approval.json"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"project": "/p"}', '{"project": "/q", "files": {}}',
             '{"project": "/p", "files": [], "grants": {}}'],
)  # fmt: skip
def test_a_damaged_one_approves_nothing(kept, text):
    kept.write("/p", ONE, {})
    (index,) = kept.folder.rglob("approval.json")
    index.write_text(text)
    assert kept.read("/p") == Approval()


def test_a_crash_leaves_the_old_approval(kept, monkeypatch):
    kept.write("/p", ONE, {DIGEST: TEXT})

    def crash(path, content, mode=0o666):
        if path.name == "approval.json":
            raise KeyboardInterrupt
        writer.atomic_write(path, content, mode)

    monkeypatch.setattr(module, "atomic_write", crash)
    with pytest.raises(KeyboardInterrupt):
        kept.write("/p", Approval(), {})
    assert kept.read("/p") == ONE
    assert kept.text("/p", DIGEST) == "FROM x\n"


def test_a_digest_is_never_a_path(kept):
    kept.write("/p", ONE, {})
    assert kept.text("/p", "../../etc/passwd") is None
    assert kept.text("/p", "approval.json") is None


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "trust").write_text("a file")
    with pytest.raises(ReadOnlyError):
        Approvals(tmp_path / "trust").write("/p", ONE, {})
