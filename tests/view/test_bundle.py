"""The done state for JupyterLab's extension."""

from __future__ import annotations

import json
from pathlib import Path

from view_values import BUILT, KERNEL, result

from jupyter_devbox.magics import here
from jupyter_devbox.view import bundle, wording
from jupyter_devbox.workflow.requests import ContainerizeRequest

REQUEST = ContainerizeRequest(notebooks=(Path("/p/a.ipynb"),))


def test_it_says_what_the_text_says():
    data = bundle.ready(BUILT)[bundle.MIME]
    assert data == {
        "kind": "ready",
        "kernel": {"name": "x", "display_name": "digits · CPU"},
        "title": "digits · CPU is ready",
        "aside": "1.08 GB, built in 2 min 41 s",
        "lines": ["Left out: lab_utils (cell 3)", "4 files written to .devcontainer/"],
    }
    assert json.loads(json.dumps(data)) == data
    for part in (data["title"], data["aside"], *data["lines"]):
        assert part in "\n".join(wording.ready(BUILT))


def test_there_is_nothing_to_switch_to_without_a_kernel():
    assert bundle.ready(result(kernels=())) == {}


def test_the_first_of_several_kernels_is_the_one_to_switch_to():
    other = KERNEL.__class__(name="y", display_name="digits · venv", target="venv", project="/p")
    data = bundle.ready(result(kernels=(KERNEL, other)))[bundle.MIME]
    assert data["kernel"]["name"] == "x"


def test_without_widgets_it_stands_beside_the_text(monkeypatch, capsys):
    """The extension takes its part, and every other front end the text."""
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, *, raw: shown.append((data, raw)))
    monkeypatch.setenv("JPY_SESSION_NAME", "/p/a.ipynb")
    here._print_result(REQUEST, BUILT)
    ((data, raw),) = shown
    assert raw
    assert data[bundle.MIME]["kernel"]["name"] == "x"
    assert data["text/plain"].startswith("digits · CPU is ready")
    assert data["text/plain"].endswith("(menu Kernel, Change Kernel).")
    assert capsys.readouterr().out == ""


def test_outside_of_jupyter_it_is_printed(monkeypatch, capsys):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    here._print_result(REQUEST, BUILT)
    assert "digits · CPU is ready" in capsys.readouterr().out
