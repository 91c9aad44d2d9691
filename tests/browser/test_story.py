"""The user's story from start to end: panel, plan, build, switch, box, drift, new image."""

from __future__ import annotations

import re

import pytest
from acceptance.machine import write_notebook
from pages import DARK
from playwright.sync_api import expect
from projects import IN_IMAGE, PATIENCE

SWITCH = "Switch to digits · CPU…"
CELLS = (
    "import openpyxl\nprint('openpyxl', openpyxl.__version__)",
    "import os\nprint('in the box' if os.environ.get('JUPYTER_DEVBOX_BOX') else 'on the host')",
    "import lab_utils",
)

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def notebook(machine) -> str:
    project = machine.project("digits")
    write_notebook(project / "train.ipynb", *CELLS)
    return "digits/train.ipynb"


def test_from_the_panel_into_the_box_and_back_into_the_image(lab, notebook, engine):
    lab.open(notebook)
    looks(lab)
    plans(lab)
    builds(lab)
    switches(lab)
    adds_a_package(lab)
    puts_it_into_the_image(lab)
    lab.theme(DARK)
    lab.picture("story-9-dark")


def looks(lab) -> None:
    panel = lab.show_panel()
    expect(panel).to_contain_text("Uses 1 package")
    expect(panel).to_contain_text("1 import not found: lab_utils (cell 3)")
    expect(panel).to_contain_text("No image yet")
    assert "on the host" in lab.run_cell(1)
    lab.picture("story-1-fresh")


def plans(lab) -> None:
    lab.button("Containerize…").click()
    expect(lab.heading("Plan for train.ipynb")).to_be_visible()
    question = lab.panel.get_by_role("textbox").first
    expect(question).to_be_focused()
    lab.button(re.compile("imported directly")).click()
    expect(lab.panel.get_by_role("checkbox", name=re.compile("openpyxl"))).to_be_checked()
    lab.picture("story-2-plan")


def builds(lab) -> None:
    name = lab.kernel.inner_text()
    lab.button("Build without lab_utils").click()
    lab.had_focus("Building the CPU image")
    lab.picture("story-3-building")
    expect(lab.button(SWITCH)).to_be_visible(timeout=PATIENCE)
    expect(lab.panel).to_contain_text("Image ready")
    assert lab.kernel.inner_text() == name, "finishing never switches"
    lab.picture("story-4-ready")


def switches(lab) -> None:
    lab.button(SWITCH).click()
    dialog = lab.dialog()
    expect(dialog).to_contain_text("Switch train.ipynb to digits · CPU?")
    expect(dialog).to_contain_text("The variables of the cell you have run will be gone")
    lab.picture("story-5-switch")
    lab.confirm("Switch")
    expect(lab.kernel).to_contain_text("digits · CPU")
    lab.kernel_idle()
    assert "in the box" in lab.run_cell(1)
    expect(lab.panel).to_contain_text(IN_IMAGE)
    expect(lab.badge).to_have_accessible_name("Devbox: CPU")
    expect(lab.page.locator("#jp-main-statusbar")).to_contain_text("CPU")
    lab.picture("story-6-box")


def adds_a_package(lab) -> None:
    number = lab.add_cell("%pip install -q humanize\nimport humanize\nprint(humanize.ordinal(3))")
    assert "3rd" in lab.run_cell(number)
    lab.command("docmanager:save")
    expect(lab.panel).to_contain_text("1 change is not in the image")
    expect(lab.panel).to_contain_text(re.compile(r"humanize [\d.]+ added"))
    lab.picture("story-7-drift")
    lab.button("Add to image").click()
    expect(lab.button("Restart into it…")).to_be_visible(timeout=PATIENCE)
    assert "3rd" in lab.run_cell(number), "the kernel ran on while the image was built"
    lab.picture("story-8-rebuilt")


def puts_it_into_the_image(lab) -> None:
    lab.button("Restart into it…").click()
    lab.confirm("Restart")
    expect(lab.panel).to_contain_text(IN_IMAGE)
    lab.kernel_idle()
    number = lab.add_cell("import humanize\nprint(humanize.__file__)")
    assert "/opt/venv" in lab.run_cell(number)
