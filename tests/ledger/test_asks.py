"""Requests on disk: who asked, what is waiting, what has expired."""

from __future__ import annotations

from dataclasses import replace

from jupyter_devbox.ledger.asks import EXPIRES, KEPT, Asks


def ask(asks: Asks, notebook: str = "n.ipynb"):
    return asks.add(
        project="/p",
        box="b",
        verb="containerize",
        notebook=notebook,
        diff=("+seaborn",),
        digest="d",
    )


def test_what_is_written_is_read(tmp_path):
    asks = Asks(tmp_path / "asks", now=100.0)
    made = ask(asks)
    assert list(asks.all()) == [made]
    assert list(asks.waiting()) == [made]
    assert (tmp_path / "asks").stat().st_mode & 0o777 == 0o700


def test_oldest_first_and_answered_ones_do_not_wait(tmp_path):
    first = ask(Asks(tmp_path, now=1.0), "one.ipynb")
    asks = Asks(tmp_path, now=2.0)
    second = ask(asks, "two.ipynb")
    assert list(asks.waiting()) == [first, second]
    asks.put(replace(first, state="refused"))
    assert list(asks.waiting()) == [second]
    assert len(list(asks.all())) == 2


def test_unanswered_expires_and_old_ones_are_removed(tmp_path):
    made = ask(Asks(tmp_path, now=0.0))
    assert list(Asks(tmp_path, now=EXPIRES).waiting()) == [made]
    late = Asks(tmp_path, now=EXPIRES + 1)
    assert late.expired(made)
    assert not list(late.waiting())
    assert list(late.all()) == [made]
    assert not list(Asks(tmp_path, now=KEPT + 1).all())
    assert not list(tmp_path.iterdir())


def test_a_damaged_file_is_no_request(tmp_path):
    (tmp_path / "0.json").write_text('{"id": "0"')
    (tmp_path / "1.json").write_text('{"id": "1", "diff": []}')
    assert not list(Asks(tmp_path, now=0.0).all())
