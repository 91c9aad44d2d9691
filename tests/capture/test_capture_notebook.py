"""Reading the file: what is a notebook, and what is said when it is none."""

from __future__ import annotations

import json
import time

import pytest

from jupyter_devbox.capture import capture_notebook
from jupyter_devbox.capture.notebook import read_notebook
from jupyter_devbox.errors import NotebookError, UnsupportedKernelError
from tests.capture.conftest import names, write_notebook

CELL = {"cell_type": "code", "source": "import numpy", "outputs": []}


def write(tmp_path, content):
    path = tmp_path / "n.ipynb"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not JSON"),
        (b"# just text", "not JSON"),
        (b"\xff\xfe\x00n", "not UTF-8"),
        (b'{"cells": [{"cell_type": "code", "sour', "cut short"),
        (b"[" * 100_000, "not JSON"),
        (b"[1, 2]", "not a notebook"),
        (b'{"a": 1}', "not a notebook"),
        (b'{"nbformat": 4}', "no list of cells"),
        (b'{"nbformat": 5, "cells": []}', "not a notebook in nbformat 4"),
    ],
)
def test_what_is_no_notebook(tmp_path, content, says):
    with pytest.raises(NotebookError, match=says) as caught:
        read_notebook(write(tmp_path, content))
    assert caught.value.hint


def test_missing_file(tmp_path):
    with pytest.raises(NotebookError, match="No such file"):
        read_notebook(tmp_path / "none.ipynb")


def test_nbformat_3_names_the_command_that_converts_it(tmp_path):
    path = tmp_path / "it's old.ipynb"
    path.write_text(json.dumps({"nbformat": 3, "worksheets": [{"cells": []}]}))
    with pytest.raises(NotebookError, match="nbformat 3") as caught:
        read_notebook(path)
    assert caught.value.hint.startswith("jupyter nbconvert --to notebook --nbformat 4")
    assert caught.value.hint.endswith("it'\\''s old.ipynb'")


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"language": "R", "name": "ir"}},
        {"kernelspec": {"name": "ir"}},
        {"kernelspec": {"name": "julia-1.10"}},
        {"language_info": {"name": "julia"}},
        {"language_info": {"name": "scala"}, "kernelspec": {"name": "python3"}},
    ],
)
def test_other_languages_are_refused(tmp_path, metadata):
    with pytest.raises(UnsupportedKernelError):
        read_notebook(write(tmp_path, {"nbformat": 4, "metadata": metadata, "cells": []}))


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        None,
        {"kernelspec": {"name": "conda_python3", "language": "python"}},
        {"kernelspec": {"name": "iris-env"}},
        {"language_info": {"name": "ipython"}},
        {"kernelspec": "odd", "language_info": ["odd"]},
    ],
)
def test_python_is_assumed_unless_something_else_is_said(tmp_path, metadata):
    notebook = read_notebook(
        write(tmp_path, {"nbformat": 4, "metadata": metadata, "cells": [CELL]})
    )
    assert [cell.source for cell in notebook.cells] == ["import numpy"]


def test_cells_are_numbered_with_markdown_counted(tmp_path):
    cells = [{"cell_type": "markdown", "source": "import os"}, CELL, "odd", {"cell_type": "code"}]
    notebook = read_notebook(write(tmp_path, {"nbformat": 4, "cells": cells}))
    assert [(cell.number, cell.source) for cell in notebook.cells] == [(2, "import numpy"), (4, "")]


def test_byte_order_mark_and_source_as_lines(tmp_path):
    content = {"cells": [{"cell_type": "code", "source": ["import a\n", "import b"]}]}
    notebook = read_notebook(write(tmp_path, b"\xef\xbb\xbf" + json.dumps(content).encode()))
    assert notebook.cells[0].source == "import a\nimport b"


def test_python_version_is_taken_only_when_it_is_one(tmp_path):
    good = write_notebook(tmp_path / "a.ipynb", [], language_info={"version": "3.11.7"})
    bad = write_notebook(tmp_path / "b.ipynb", [], language_info={"version": "3.11\nRUN x"})
    assert read_notebook(good).python == "3.11.7"
    assert read_notebook(bad).python == ""


def test_fifty_megabytes_of_output(tmp_path):
    output = {"output_type": "stream", "name": "stdout", "text": "x" * 50_000_000}
    path = write(tmp_path, {"nbformat": 4, "cells": [{**CELL, "outputs": [output]}]})
    start = time.monotonic()
    assert names(capture_notebook(path, project=tmp_path)) == {"numpy"}
    assert time.monotonic() - start < 10


def test_notebook_is_named_relative_to_the_project(tmp_path):
    (tmp_path / "deep folder").mkdir()
    path = write_notebook(tmp_path / "deep folder" / "n.ipynb", [])
    assert capture_notebook(path, project=tmp_path).notebook == "deep folder/n.ipynb"
    assert capture_notebook(path, project=tmp_path / "elsewhere").notebook == "n.ipynb"
