"""The panel in JupyterLab: it is there, quiet, and readable in both themes."""

from __future__ import annotations

from pages import DARK
from playwright.sync_api import expect


def test_without_a_notebook_it_says_what_to_do(lab):
    lab.open()
    panel = lab.show_panel()
    expect(panel).to_contain_text("Open a notebook to see what it uses.")
    assert lab.violations("#jupyter-devbox-panel") == []
    lab.picture("panel-no-notebook")
    lab.theme(DARK)
    assert lab.violations("#jupyter-devbox-panel") == []
    lab.picture("panel-no-notebook-dark")
