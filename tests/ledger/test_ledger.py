"""The ledger: what we made, known again after a crash."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.errors import FileError
from jupyter_devbox.ledger import Entry, Ledger

IDENTITIES = [
    "sha256:" + "ab" * 32, "/home/ada/my project's (1)", "../../etc/passwd", "", ".", "..", "a\nb",
    "é" * 200, "x" * 5000, "\udcff",
]  # fmt: skip


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "data" / "ledger")


@pytest.mark.parametrize("identity", IDENTITIES, ids=range(len(IDENTITIES)))
def test_any_identity_is_kept_in_a_file_of_ours(ledger, identity):
    ledger.record("image", identity, project="/p", tag="x")
    assert ledger.has("image", identity)
    assert list(ledger.entries("image")) == [
        Entry(kind="image", id=identity, facts={"project": "/p", "tag": "x"})
    ]
    assert [path.parent for path in ledger.folder.parent.rglob("*.json")] == [ledger.folder]
    ledger.forget("image", identity)
    assert not ledger.has("image", identity)
    assert list(ledger.folder.iterdir()) == []
    ledger.forget("image", identity)


def test_kinds_and_identities_do_not_mix(ledger):
    for kind in ("kernel", "kernelspec", "box"):
        for identity in ("a", "A", "a b", "ab"):
            ledger.record(kind, identity)
    for kind in ("kernel", "kernelspec", "box"):
        assert sorted(e.id for e in ledger.entries(kind)) == ["A", "a", "a b", "ab"]
        assert {e.kind for e in ledger.entries(kind)} == {kind}


def test_an_entry_is_replaced(ledger):
    ledger.record("box", "1", state="starting")
    ledger.record("box", "1", state="running")
    assert [e.facts for e in ledger.entries("box")] == [{"state": "running"}]


def test_looking_makes_no_folder(ledger):
    assert list(ledger.entries("box")) == []
    assert not ledger.has("box", "1")
    ledger.forget("box", "1")
    assert not ledger.folder.exists()


def test_only_its_owner_may_look(ledger):
    ledger.record("box", "1")
    assert stat.S_IMODE(ledger.folder.stat().st_mode) == 0o700


values = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["kind", "id", "facts"]), inner)
    ),
)


@given(st.text() | values.map(json.dumps))
def test_a_damaged_entry_is_passed_over(tmp_path_factory, text):
    ledger = Ledger(tmp_path_factory.mktemp("ledger"))
    ledger.record("box", "good")
    path = ledger.folder / "box-bad-000000000000.json"
    path.write_bytes(text.encode(errors="surrogatepass"))
    entries = list(ledger.entries("box"))
    assert "good" in [e.id for e in entries]
    assert all(isinstance(v, str) for e in entries for v in e.facts.values())


def test_several_at_once_do_not_lose_each_other_s_entries(ledger):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: ledger.record("image", str(n % 20), turn=str(n)), range(100)))
    assert sorted(int(e.id) for e in ledger.entries("image")) == list(range(20))


def test_a_data_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(FileError) as caught:
        Ledger(tmp_path / "data" / "ledger").record("box", "1")
    assert "JUPYTER_DATA_DIR" in caught.value.hint
