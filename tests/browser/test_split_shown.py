"""Environments of their own in the panel's plan: asked for, counted up, written."""

from __future__ import annotations

import pytest
from acceptance.machine import write_notebook
from pages import BUILD, DARK
from playwright.sync_api import expect
from projects import PATIENCE

pytestmark = pytest.mark.docker


def test_the_plan_asks_says_what_it_saves_and_writes_it(lab, server):
    project = server.machine.project("lean")
    write_notebook(project / "train.ipynb", "import idna", "1")
    write_notebook(project / "plots.ipynb", "import six", "1")
    words = ("containerize", "train.ipynb", "plots.ipynb", "--no-build")
    server.machine.must(*words, cwd=project)
    lab.open("lean/train.ipynb")
    lab.show_panel()
    lab.plan()
    split = lab.panel.get_by_role("checkbox", name="One for each notebook")
    expect(split).not_to_be_checked()
    split.check()
    expect(lab.panel).to_contain_text("of layers shared")
    expect(lab.button(BUILD)).to_be_enabled()
    assert lab.violations("#jupyter-devbox-panel") == []
    lab.picture("split-plan")
    lab.theme(DARK)
    assert lab.violations("#jupyter-devbox-panel") == []
    lab.picture("split-plan-dark")
    lab.button("Write files only").click()
    expect(lab.panel).to_contain_text("files written", timeout=PATIENCE)
    for name in ("train", "plots"):
        assert (project / ".devcontainer" / name / "devcontainer.json").is_file()
