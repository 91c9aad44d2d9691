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
    ("verb", "names", "kept"),
    [
        ("add", ["equinox", "numpy<2", "equinox"], ("equinox", "numpy<2")),
        ("add", ["Pandas[excel]>=2; python_version<'3.12'"], None),
        ("apt", ["ffmpeg", "g++", "libx264-164"], ("ffmpeg", "g++", "libx264-164")),
        ("apt", ["ffmpeg"] * 20, ("ffmpeg",)),
    ],
)
def test_a_request_with_names(verb, names, kept):
    ask = parse_ask(line({**GOOD, "verb": verb, "names": names}))
    assert ask.names == (kept or tuple(names))
    assert ask.verb == verb


def test_a_request_that_needs_no_names():
    assert parse_ask(line({**GOOD, "verb": "sync"})).names == ()


@pytest.mark.parametrize(
    ("verb", "names"),
    [
        ("sync", []),
        ("sync", ["six"]),
        ("containerize", ["six"]),
        ("add", []),
        ("add", "six"),
        ("add", ["six"] * 21),
        ("add", [{"six": 1}]),
        ("add", ["six @ https://example.invalid/six.whl"]),
        ("add", ["git+https://example.invalid/six"]),
        ("add", ["--index-url=https://example.invalid"]),
        ("add", ["-r/etc/passwd"]),
        ("add", ["./six"]),
        ("add", ["six\n--hash=x"]),
        ("add", ["a" * 201]),
        ("add", [""]),
        ("apt", ["-o=APT::x"]),
        ("apt", ["--allow-unauthenticated"]),
        ("apt", ["./evil.deb"]),
        ("apt", ["/tmp/evil.deb"]),
        ("apt", ["ffmpeg=1.0"]),
        ("apt", ["ffmpeg/sid"]),
        ("apt", ["libc6-"]),
        ("apt", ["libc.*"]),
        ("apt", ["https://example.invalid/x.deb"]),
        ("apt", ["ffmpeg vim"]),
        ("apt", ["FFMPEG"]),
        ("apt", ["$(id)"]),
        ("apt", [None]),
    ],
)
def test_names_that_are_none(verb, names):
    with pytest.raises(BoxRequestError) as caught:
        parse_ask(line({**GOOD, "verb": verb, "names": names}))
    assert len(caught.value.message) < 200


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
    lambda inner: st.lists(inner)
    | st.dictionaries(st.sampled_from(["verb", "notebook", "names"]), inner),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_no_bytes_break_the_reader(document):
    try:
        ask = parse_ask(document)
    except BoxRequestError:
        return
    assert ask.verb in {"containerize", "sync", "add", "apt"}
    assert ask.notebook.startswith("/")


def test_an_answer_is_one_line():
    said = Reply(state="waiting", message="two\nlines", hint="do it").to_line()
    assert said.count(b"\n") == 1
    assert json.loads(said) == {"state": "waiting", "message": "two\nlines", "hint": "do it"}
