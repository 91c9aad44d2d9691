"""Notebook 7 shows the same: badge in the tool bar, panel at the side."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from projects import notebook


@pytest.mark.docker
def test_badge_and_panel(open_lab, make_server, engine):
    server = make_server("seven", app="notebook")
    lab = open_lab(where=server)
    path = notebook(server.machine, "seven")
    lab.page.goto(server.url(f"notebooks/{path}"))
    expect(lab.badge).to_be_visible()
    lab.badge.click()
    lab.page.get_by_role("menu").get_by_text("Open Devbox panel").click()
    expect(lab.panel).to_be_visible()
    expect(lab.button("Containerize…")).to_be_visible()
    assert lab.violations("#jupyter-devbox-panel") == []
    lab.picture("notebook-7")
