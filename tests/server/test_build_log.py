"""The log of a build: what is written, and reading it from any line on."""

from __future__ import annotations

import tracemalloc

import pytest

from jupyter_devbox.engine.redact import Redactor
from jupyter_devbox.server.builds.log import LONGEST, MOST, LogWriter, count_lines, read_log


@pytest.fixture
def log(tmp_path):
    def write(*lines: str):
        writer = LogWriter(tmp_path / "a.log", Redactor(["hunter22"]))
        for line in lines:
            writer.write(line)
        writer.close()
        assert writer.lines == len(lines)
        return tmp_path / "a.log"

    return write


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("plain", "plain"),
        ("", ""),
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07done", "red done"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("two\nlines\r", "twolines"),
        ("turned \u202e around", "turned  around"),
        ("key hunter22 https://u:p@host/x", "key *** https://***@host/x"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        ("näïve ✓", "näïve ✓"),
    ],
)
def test_a_line_is_text_and_nothing_else(log, line, kept):
    assert read_log(log(line), 0).lines == (kept,)


def test_a_line_of_a_megabyte_is_cut(log):
    (line,) = read_log(log("x" * 1_000_000), 0).lines
    assert len(line) == LONGEST
    assert line.endswith("…")


def test_a_secret_at_the_cut_is_masked(log):
    (line,) = read_log(log("x" * (LONGEST - 5) + "hunter22"), 0).lines
    assert "hunt" not in line


def test_reading_on(log):
    path = log(*(f"line {number}" for number in range(MOST * 2 + 10)))
    first = read_log(path, 0)
    assert (first.since, first.next, first.more) == (0, MOST, True)
    assert first.lines[-1] == f"line {MOST - 1}"
    second = read_log(path, first.next)
    last = read_log(path, second.next)
    assert last.lines == tuple(f"line {n}" for n in range(MOST * 2, MOST * 2 + 10))
    assert (last.since, last.next, last.more) == (MOST * 2, MOST * 2 + 10, False)
    end = read_log(path, last.next)
    assert (end.since, end.next, end.lines, end.more) == (last.next, last.next, (), False)
    beyond = read_log(path, 10**9)
    assert (beyond.next, beyond.lines, beyond.more) == (MOST * 2 + 10, (), False)
    assert count_lines(path) == MOST * 2 + 10


@pytest.mark.parametrize("width", [1, 7, 99, 1999])
def test_no_line_is_lost_at_the_edge_of_a_chunk(log, width):
    lines = [f"{number}".rjust(width, ".") for number in range(1500)]
    path = log(*lines)
    found = []
    for since in range(0, 1500, 37):
        found += read_log(path, since, most=37).lines
    assert found == lines


def test_half_a_line_waits_for_its_end(log):
    path = log("one")
    with path.open("ab") as file:
        file.write(b"tw")
    assert read_log(path, 0).lines == ("one",)
    assert read_log(path, 1).lines == ()
    with path.open("ab") as file:
        file.write(b"o\n")
    assert read_log(path, 1).lines == ("two",)


def test_no_log_is_no_error(tmp_path):
    assert read_log(tmp_path / "none", 3).lines == ()
    assert count_lines(tmp_path / "none") == 0


def test_a_hundred_thousand_lines_cost_no_memory(log):
    path = log(*(f"line {number} of many" for number in range(100_000)))
    tracemalloc.start()
    part = read_log(path, 99_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert part.lines[-1] == "line 99999 of many"
    assert peak < 2_000_000


def test_others_cannot_read_it(log):
    assert log("x").stat().st_mode & 0o777 == 0o600
