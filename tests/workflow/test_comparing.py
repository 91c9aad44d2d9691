"""Which outputs are the same: what may differ between two runs, and what may not."""

from __future__ import annotations

import math

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from jupyter_devbox.workflow.comparing import compare_outputs


def stream(text: str, name: str = "stdout") -> nbformat.NotebookNode:
    return new_output("stream", name=name, text=text)


def result(text: str, **more: str) -> nbformat.NotebookNode:
    data = {"text/plain": text, **{kind.replace("_", "/"): value for kind, value in more.items()}}
    return new_output("execute_result", data=data, execution_count=1)


def notebook(*outputs: nbformat.NotebookNode, source: str = "x") -> nbformat.NotebookNode:
    cell = new_code_cell(source)
    cell.outputs = list(outputs)
    return new_notebook(cells=[new_markdown_cell("# a"), cell])


def changes(saved, new, tolerance: float = 0.0):
    return compare_outputs(saved, new, tolerance)[1]


SAME = [
    ("<a at 0x7f0012345678>", "<a at 0x7fffffffffff>"),
    ("took 1.5 ms", "took 120 ms"),
    ("10%\r50%\r100% done", "30%\r100% done"),
    ("run 0b1c2d3e-0000-1111-2222-333344445555", "run ffffffff-0000-1111-2222-333344445555"),
    ("a  \nb\n\n", "a\nb"),
]


@pytest.mark.parametrize(("saved", "now"), SAME)
def test_what_differs_from_run_to_run_does_not_count(saved, now):
    assert changes(notebook(stream(saved)), notebook(stream(now))) == ()
    assert changes(notebook(result(saved)), notebook(result(now))) == ()


def test_a_change_is_named_by_cell_output_and_line():
    saved = notebook(stream("a\nb\n"), result("1"))
    (first, second) = changes(saved, notebook(stream("a\nc\n"), result("2")))
    assert (first.cell, first.output, first.kind, first.saved, first.now) == (
        2, 1, "stdout", "b", "c",
    )  # fmt: skip
    assert first.text == "cell 2: 'b' became 'c'"
    assert second.text == "cell 2: output 2, '1' became '2'"
    assert second.to_json() == {
        "cell": 2, "output": 2, "kind": "result", "saved": "1", "now": "2",
    }  # fmt: skip


def test_outputs_that_came_or_went():
    (gone,) = changes(notebook(stream("a"), result("1")), notebook(stream("a")))
    assert gone.text == "cell 2: output 2, result is missing: '1'"
    assert gone.now is None
    (new,) = changes(notebook(stream("a")), notebook(stream("a"), result("1")))
    assert new.text == "cell 2: output 2, result is new: '1'"
    (failed,) = changes(
        notebook(result("1")), notebook(new_output("error", ename="E", evalue="no", traceback=[]))
    )
    assert failed.text == "cell 2: '1' became 'E: no'"


def test_streams_are_one_and_standard_error_is_none():
    saved = notebook(stream("a\n"), stream("warning", "stderr"), stream("b\n"))
    assert changes(saved, notebook(stream("a\nb\n"))) == ()


def test_pictures_count_as_pictures():
    saved = notebook(result("<Figure>", image_png="AAAA"))
    assert changes(saved, notebook(result("<Figure 2>", image_png="BBBB"))) == ()
    (change,) = changes(saved, notebook(result("<Figure>")))
    assert change.kind == "picture"


def test_cells_without_saved_outputs_and_our_own_are_left_out():
    assert compare_outputs(notebook(), notebook(stream("a"))) == (0, ())
    ours = notebook(stream("plan"), source="%containerize --yes")
    assert compare_outputs(ours, notebook(stream("else"))) == (0, ())


CLOSE = [
    ("0.1", "0.10000001", 1e-6),
    ("loss: 1.2e-5, step 3", "loss: 1.2000001e-5, step 3", 1e-6),
    ("[ 0.5  -1.  ]", "[ 0.5 -0.9999999999]", 1e-6),
    ("0", "1e-9", 1e-6),
]
FAR = [
    ("0.1", "0.2", 1e-6),
    ("step 3 of a", "step 3 of b", 1.0),
    ("1 2", "1 2 3", 1.0),
    ("nan", "0.1", 1.0),
    ("x1", "x2", 1.0),  # a name's digits are no number
    ("0.1", "0.1000001", 0.0),
]


@pytest.mark.parametrize(("saved", "now", "tolerance"), CLOSE)
def test_numbers_that_are_close_enough(saved, now, tolerance):
    assert changes(notebook(result(saved)), notebook(result(now)), tolerance) == ()
    assert changes(notebook(result(saved)), notebook(result(now))) != ()


@pytest.mark.parametrize(("saved", "now", "tolerance"), FAR)
def test_what_no_tolerance_covers(saved, now, tolerance):
    assert changes(notebook(result(saved)), notebook(result(now)), tolerance) != ()


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(1e-9, 0.5))
def test_a_number_is_as_close_as_python_says(number, tolerance):
    other = number * (1 + tolerance / 3)
    if math.isfinite(other):
        pair = (notebook(result(repr(number))), notebook(result(repr(other))))
        assert changes(*pair, tolerance) == ()


@given(st.text(), st.text(), st.floats(0, 1))
def test_any_text_can_be_compared(saved, now, tolerance):
    for change in changes(notebook(result(saved)), notebook(result(now)), tolerance):
        assert len(change.text) < 400
    assert changes(notebook(result(saved)), notebook(result(saved)), tolerance) == ()
