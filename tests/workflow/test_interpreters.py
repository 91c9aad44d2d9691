"""In which Python a notebook is asked about: its own kernel's, found by its kernelspec."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from jupyter_devbox.workflow.interpreters import Interpreters


@pytest.fixture
def kernelspec(tmp_path, monkeypatch):
    """Write a kernel.json of that text where Jupyter looks."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))

    def write(name, text):
        folder = tmp_path / "kernels" / name
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(text, encoding="utf-8")

    return write


@pytest.fixture
def notebook(tmp_path):
    """Write a notebook that names a kernel."""

    def write(name):
        path = tmp_path / "n.ipynb"
        path.write_text(json.dumps({"metadata": {"kernelspec": {"name": name}}, "cells": []}))
        return path

    return write


def spec(**changes):
    said = {"argv": [sys.executable, "-m", "x"], "display_name": "x", "language": "python"}
    return json.dumps({**said, **changes})


def test_the_kernels_own_python(kernelspec, notebook, context):
    kernelspec("mine", spec())
    assert Interpreters(context).own(notebook("mine")) == sys.executable
    assert Interpreters(context).own(notebook("Mine")) == sys.executable


def test_a_kernelspec_in_ipythons_old_folder(notebook, context):
    folder = context.home / ".ipython" / "kernels" / "old"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(spec(), encoding="utf-8")
    assert Interpreters(context).own(notebook("old")) == sys.executable


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[]", "5", "[" * 5000, spec(argv=5), spec(argv=[]), spec(argv=["python"]),
     spec(argv=["/no/such/python"]), spec(language="R"), spec(metadata=7),
     spec(metadata={"jupyter_devbox": {}}), spec(argv=[{}])],
)  # fmt: skip
def test_a_kernelspec_that_names_none(kernelspec, notebook, context, text):
    kernelspec("other", text)
    assert Interpreters(context).own(notebook("other")) is None


@pytest.mark.parametrize("name", ["missing", "", "../other", "a\0b", "x" * 5000, 5, None])
def test_a_notebook_that_names_none(kernelspec, notebook, context, name):
    kernelspec("other", spec())
    assert Interpreters(context).own(notebook(name)) is None


def test_ipython_is_not_imported_for_it(kernelspec, notebook, tmp_path):
    """Jupyter's own look would: for its old folder, and for ipykernel's kernelspec."""
    kernelspec("python3", spec())
    code = (
        "import sys; from pathlib import Path\n"
        "from jupyter_devbox.workflow.context import this_machine\n"
        "from jupyter_devbox.workflow.interpreters import Interpreters\n"
        "print(Interpreters(this_machine()).own(Path(sys.argv[1])), 'IPython' in sys.modules)"
    )
    words = [sys.executable, "-c", code, str(notebook("python3"))]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == f"{sys.executable} False\n"
