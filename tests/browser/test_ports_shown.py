"""Dashboards of a box, seen in Lab: TensorBoard of a real run, and streamlit by its WebSocket."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from projects import PATIENCE, built

pytestmark = pytest.mark.docker

IMPORTS = "import streamlit, tensorboard\nprint('ready')"
WRITE = """\
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter
writer = EventFileWriter("runs/first")
for step in range(50):
    value = Summary.Value(tag="loss", simple_value=1 / (step + 1))
    writer.add_event(Event(step=step, summary=Summary(value=[value])))
writer.close()
print("written")"""
FRAME = "%load_ext tensorboard\n%tensorboard --logdir runs"
SERVE = """\
import subprocess, sys
words = ["--server.headless=true", "--browser.gatherUsageStats=false"]
app = subprocess.Popen([sys.executable, "-m", "streamlit", "run", "app.py", *words])
print("begun")"""
END = "app.kill(); app.wait(); print('ended')"
APP = """\
import streamlit as st
st.title("A page of the box")
if st.button("Press"):
    st.write("answered over the WebSocket")
"""


def ports(lab):
    """Open the section of the ports."""
    panel = lab.show_panel()
    lab.button(re.compile("^Ports")).click()
    section = lab.page.locator("#jupyter-devbox-ports")
    expect(section).to_be_visible()
    return panel


def opened(lab, link) -> Page:
    """Click a link that opens a tab, and return that."""
    with lab.page.context.expect_page() as tab:
        link.click()
    return tab.value


@pytest.mark.may_say("127.0.0.1", "localhost", "/proxy/")  # pages of others, in frames of theirs
def test_dashboards_of_a_box(lab, server, engine):
    path = built(server.machine, "dashboards", IMPORTS, WRITE, FRAME, SERVE, END)
    (server.root / "dashboards" / "app.py").write_text(APP)
    lab.open(path)
    assert "ready" in lab.run_cell(0)
    assert "written" in lab.run_cell(1)

    # TensorBoard from the panel, in a tab of the browser.
    panel = ports(lab)
    expect(panel).to_contain_text("Nothing in this box is listening.")
    assert lab.violations("#jupyter-devbox-ports") == []
    lab.picture("ports-none")
    lab.button("Start TensorBoard on runs/").click()
    link = panel.get_by_role("link", name="Open TensorBoard", exact=True)
    expect(link).to_be_visible(timeout=PATIENCE)
    assert link.get_attribute("href").startswith("http://localhost:")  # Lab is at 127.0.0.1
    tab = opened(lab, link)
    expect(tab.get_by_text("loss").first).to_be_visible()
    tab.screenshot(path=lab.pictures / "ports-tensorboard-tab.png")
    tab.close()

    # The ordinary extension, in the notebook.
    asked = []
    lab.page.on("request", lambda request: asked.append((request.url, request)))
    lab.run_cell(2)
    held = lab.page.frame_locator(".jp-NotebookPanel:visible .jp-OutputArea iframe")
    frame = held.frame_locator("iframe")
    expect(frame.get_by_text("loss").first).to_be_visible()
    to_box = [request for url, request in asked if "/data/" in url]
    assert to_box
    assert not any("cookie" in request.all_headers() for request in to_box)
    assert lab.violations("#jupyter-devbox-ports") == []
    lab.picture("ports-tensorboard")

    # streamlit: what a click does comes back over its WebSocket, directly and through Lab.
    assert "begun" in lab.run_cell(3)
    for name in ("Open Streamlit", "Open Streamlit through Lab"):
        link = panel.get_by_role("link", name=name, exact=True)
        expect(link).to_be_visible()
        tab = opened(lab, link)
        expect(tab.get_by_text("A page of the box")).to_be_visible()
        tab.get_by_role("button", name="Press").click()
        expect(tab.get_by_text("answered over the WebSocket")).to_be_visible()
        tab.screenshot(path=lab.pictures / f"ports-{name.split()[-1].lower()}.png")
        tab.close()
    lab.picture("ports-panel")

    # A program that ends takes its port along.
    assert "ended" in lab.run_cell(4)
    expect(panel.get_by_role("link", name="Open Streamlit", exact=True)).to_have_count(0)
