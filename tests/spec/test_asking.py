"""A box's request passes only if it is exactly what is on the list."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.errors import BoxRequestError
from jupyter_devbox.spec.asking import LONGEST, Ask, Reply, parse_ask

GOOD = {"verb": "containerize", "notebook": "/workspaces/digits/a b.ipynb"}


def line(document: object) -> bytes:
    return json.dumps(document).encode()


def test_a_request():
    assert parse_ask(line(GOOD)) == Ask(verb="containerize", notebook=GOOD["notebook"])


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[" * 60_000,
        b"9" * 60_000,
        b" " * LONGEST + line(GOOD),
        line([]),
        line({"verb": "containerize"}),
        line({**GOOD, "project": "/home/other"}),
        line({**GOOD, "verb": "trust"}),
        line({**GOOD, "verb": ["containerize"]}),
        line({**GOOD, "notebook": "n.ipynb"}),
        line({**GOOD, "notebook": ["/n.ipynb"]}),
        line({**GOOD, "notebook": "/a\x1b[2J.ipynb"}),
        line({**GOOD, "notebook": "/a\nb.ipynb"}),
        line({**GOOD, "notebook": "/" + "a" * 5000}),
    ],
)
def test_anything_else_is_refused(document):
    with pytest.raises(BoxRequestError) as caught:
        parse_ask(document)
    assert len(caught.value.message) < 200


@given(st.binary(max_size=300) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["verb", "notebook"]), inner),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_no_bytes_break_the_reader(document):
    try:
        ask = parse_ask(document)
    except BoxRequestError:
        return
    assert ask.verb == "containerize"
    assert ask.notebook.startswith("/")


def test_an_answer_is_one_line():
    said = Reply(state="waiting", message="two\nlines", hint="do it").to_line()
    assert said.count(b"\n") == 1
    assert json.loads(said) == {"state": "waiting", "message": "two\nlines", "hint": "do it"}
