"""BuildKit's output in any shape and any chunks gives the same events."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.engine.progress import ProgressParser
from jupyter_devbox.engine.redact import Redactor, printable

pytestmark = pytest.mark.usefixtures("pure")

RECORDED = sorted((Path(__file__).parents[1] / "build" / "data").glob("*.rawjson"))
A, B = "sha256:a", "sha256:b"
T0, T1 = "2026-01-01T00:00:00.25Z", "2026-01-01T00:00:02.750000001Z"


def parse(*chunks: bytes, redact=str):
    parser = ProgressParser(redact)
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    return events + parser.close(), parser.text


def doc(*, indent: int | None = None, **parts: object) -> bytes:
    return json.dumps(parts, indent=indent).encode() + b"\n"


def vertex(name: str = "[1/2] RUN x", digest: str = A, **more: object) -> dict[str, object]:
    return {"digest": digest, "name": name, **more}


def log(data: bytes, digest: str = A, stream: int = 1) -> bytes:
    text = base64.b64encode(data).decode()
    return doc(logs=[{"vertex": digest, "stream": stream, "data": text}])


def lines(*records: bytes, redact=str) -> list[str]:
    return [e.line for e in parse(doc(vertexes=[vertex()]), *records, redact=redact)[0] if e.line]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_step_begins_and_ends(indent):
    events, text = parse(
        doc(indent=indent, vertexes=[vertex()]),
        doc(indent=indent, vertexes=[vertex(started=T0)]),
        doc(indent=indent, vertexes=[vertex(started=T0, completed=T1)]),
    )
    assert [(e.step, e.name, e.status) for e in events] == [
        (A, "[1/2] RUN x", "started"),
        (A, "[1/2] RUN x", "done"),
    ]
    assert events[1].seconds == pytest.approx(2.5)
    assert text == ()


def test_cached_failed_and_repeated():
    events, _ = parse(
        doc(vertexes=[vertex(started=T0, completed=T0, cached=True)]),
        doc(vertexes=[vertex(started=T0, completed=T0, cached=True)]),
        doc(vertexes=[vertex(digest=B, started=T0, completed=T1, error="exit code: 3")]),
    )
    assert [(e.step, e.status, e.cached, e.error) for e in events] == [
        (A, "started", False, ""),
        (A, "done", True, ""),
        (B, "started", False, ""),
        (B, "failed", False, "exit code: 3"),
    ]


def test_a_step_that_buildkit_starts_over():
    events, _ = parse(
        doc(vertexes=[vertex(started=T0, completed=T0), vertex(started=T1)]),
        doc(vertexes=[vertex(started=T1, completed=T1)]),
    )
    assert [e.status for e in events] == ["started", "done", "started", "done"]


def test_transfers_with_a_known_size_are_progress():
    status = {"id": "layer", "vertex": A, "current": 5, "total": 10}
    events, _ = parse(
        doc(
            vertexes=[vertex()],
            statuses=[status, {**status, "total": 0}, {**status, "vertex": "sha256:unknown"}],
        )
    )
    assert [(e.status, e.current, e.total) for e in events] == [("progress", 5, 10)]


def test_output_comes_by_lines_and_in_pieces():
    data = "erste Zeile\nzweite ä\r\n\n  indented\rover\rwritten\nno end".encode()
    whole = ["erste Zeile", "zweite ä", "  indented", "over", "written", "no end"]
    assert lines(log(data)) == whole
    assert lines(*(log(bytes([byte])) for byte in data)) == whole


def test_both_streams_keep_their_own_lines():
    assert lines(log(b"out", stream=1), log(b"err\n", stream=2), log(b"put\n", stream=1)) == [
        "err",
        "output",
    ]


def test_an_unfinished_line_comes_before_the_step_s_end():
    events, _ = parse(
        doc(vertexes=[vertex(started=T0)]),
        log(b"last words"),
        doc(vertexes=[vertex(started=T0, completed=T1, error="exit code: 1")]),
    )
    assert [e.line or e.status for e in events] == ["started", "last words", "failed"]


def test_terminal_control_is_taken_out():
    data = (
        b"\x1b[1;31mred\x1b[0m \x1b]0;title\x07bell\x07 \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ "
        b"tab\there \x1b(Bplain \x08\x00end \xe2\x80\xaeevil \xc2\x9b31mC1\n"
    )
    assert lines(log(data)) == ["red bell link tab    here plain end evil C1"]


def test_a_line_without_end_is_cut_between_words():
    long = b"word " * 10_000
    got = lines(log(long))
    assert all(len(each) <= 16 * 1024 for each in got)
    assert " ".join(got).split() == ["word"] * 10_000
    assert sum(len(each) for each in lines(log(b"x" * 100_000))) == 100_000


def test_buildx_s_own_words_are_kept():
    events, text = parse(
        b"{\n",
        b'  "vertexes": []\n}\nDockerfile:2\n   2 | >>> RUM x\n',
        doc(vertexes=[vertex(started=T0)]),
        b"\x1b[31mERROR: failed to solve: unknown\x1b[0m\r\n",
        b"{ no json",
    )
    assert [e.status for e in events] == ["started"]
    assert text == (
        "Dockerfile:2",
        "   2 | >>> RUM x",
        "ERROR: failed to solve: unknown",
        "{ no json",
    )


def test_strange_documents_do_no_harm():
    events, text = parse(
        b"{\n  not json\n}\n[1, 2]\nnull\n",
        doc(vertexes=None, statuses=None, logs=None, warnings=[{"x": 1}]),
        doc(logs=[{"vertex": A, "data": "not base64!"}, {"vertex": A}]),
        doc(vertexes=[{}]),
    )
    assert events == []
    assert text == ("{", "  not json", "}", "[1, 2]", "null")


def test_every_text_is_redacted():
    url = "https://me:s3cret@index.example/simple"
    events, text = parse(
        doc(vertexes=[vertex(f"[1/2] RUN pip install -i {url}", started=T0)]),
        log(f"Looking in {url}\n".encode()),
        doc(vertexes=[vertex(started=T0, completed=T1, error=f"failed: {url}")]),
        f"ERROR: {url}\n".encode(),
        redact=Redactor(),
    )
    everything = repr(events) + repr(text)
    assert "s3cret" not in everything
    assert everything.count("https://***@index.example/simple") == 6


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
@given(data=st.data())
def test_any_chunking_gives_the_same(path, data):
    raw = path.read_bytes()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=12)))
    chunks = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    assert parse(*chunks) == parse(raw)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=6))
def test_any_cutting_of_output_gives_the_same(raw, at):
    cuts = sorted(min(cut, len(raw)) for cut in at)
    pieces = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    assert lines(*map(log, pieces)) == lines(log(raw))


@given(st.text())
def test_what_is_printable_stays_so(text):
    clean = printable(text)
    assert "\x1b" not in clean
    assert not any(ord(char) < 32 for char in clean)
    assert printable(clean) == clean


@given(st.binary(max_size=500))
def test_garbage_never_raises(raw):
    parse(raw)
