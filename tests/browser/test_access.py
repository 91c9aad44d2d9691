"""For every user: both themes, a narrow panel, the keyboard alone, and what axe finds."""

from __future__ import annotations

import re

import pytest
from pages import BUILD, DARK
from playwright.sync_api import Locator, expect
from projects import IN_IMAGE, PATIENCE, built, notebook

pytestmark = pytest.mark.docker
LIGHT = "JupyterLab Light"
PANEL = "#jupyter-devbox-panel"
OURS = (".jp-Devbox-badgeItem", ".jp-Devbox-statusItem")
TABS = 60  # presses of Tab: more than there is to reach

# Parts that stick out of the panel, but for what scrolls by itself.
OUTSIDE = """panel => {
  const right = panel.getBoundingClientRect().right + 1;
  return [...panel.querySelectorAll('*')].filter(node => {
    const box = node.getBoundingClientRect();
    return box.width && box.right > right && !node.closest('pre') && !node.closest('[aria-hidden]');
  }).map(node => node.outerHTML.slice(0, 120));
}"""


def sections(lab) -> None:
    """Open every section of the panel."""
    for name in ("Kernels", "Builds", "Images", "Share"):
        title = lab.button(re.compile(f"^{name}"))
        if title.get_attribute("aria-expanded") != "true":
            title.click()


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_axe_finds_nothing_in_any_state(lab, server, engine, theme):
    shade = theme.split()[-1].lower()
    fresh = notebook(server.machine, f"axe-{shade}", "import openpyxl, lab_utils", "1")
    lab.open(fresh)
    lab.theme(theme)
    panel = lab.show_panel()
    expect(lab.button("Containerize…")).to_be_visible()
    lab.run_cell(1)
    found = {"fresh": lab.violations(PANEL, *OURS)}
    lab.plan()
    folded = panel.locator("[id$=notebook] button[aria-expanded=false]")
    while folded.count():
        folded.first.click()
    found["plan"] = lab.violations(PANEL)
    lab.picture(f"axe-plan-{shade}")
    lab.button(BUILD).click()
    lab.had_focus("Building")
    found["building"] = lab.violations(PANEL)
    switch = lab.button(f"Switch to axe-{shade} · CPU…")
    expect(switch).to_be_visible(timeout=PATIENCE)
    sections(lab)
    found["ready"] = lab.violations(PANEL)
    lab.picture(f"axe-ready-{shade}")
    switch.click()
    expect(lab.dialog()).to_be_visible()
    found["dialog"] = lab.violations(".jp-Dialog")
    lab.confirm("Switch")
    expect(lab.badge).to_have_accessible_name(re.compile("CPU"))
    expect(panel).to_contain_text(IN_IMAGE)
    found["box"] = lab.violations(PANEL, *OURS)
    lab.picture(f"axe-box-{shade}")
    lines = [f"{state}: {line}" for state, lines in found.items() for line in lines]
    assert not lines, "\n".join(lines)


def test_a_panel_of_240_pixels_holds_long_names(lab, server, engine):
    name = "a-project-with-a-name-that-is-far-too-long-for-a-narrow-panel"
    path = built(server.machine, name, "import openpyxl, lab_utils")
    lab.open(path)
    panel = lab.show_panel()
    narrow(lab, panel)
    sections(lab)
    expect(panel).to_contain_text(IN_IMAGE)
    assert panel.evaluate(OUTSIDE) == []
    shown = panel.get_by_text("· CPU").first
    expect(shown).to_be_visible()
    lab.picture("narrow-box")
    lab.button("Change the plan…").click()
    expect(lab.button(BUILD)).to_be_enabled()
    assert panel.evaluate(OUTSIDE) == []
    lab.picture("narrow-plan")


def narrow(lab, panel: Locator) -> None:
    """Drag the bar's edge until the panel is 240 pixels wide."""
    box = panel.bounding_box()
    assert box is not None
    edge = box["x"] + box["width"]
    lab.page.mouse.move(edge + 2, 400)
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + 242, 400, steps=5)
    lab.page.mouse.up()
    box = panel.bounding_box()
    assert box is not None
    assert 230 <= box["width"] <= 250


def test_the_keyboard_alone_gets_a_notebook_into_its_box(lab, server, engine):
    lab.open(notebook(server.machine, "keys"))
    keys = lab.page.keyboard
    keys.press("Control+Shift+c")
    palette = lab.page.get_by_role("textbox", name="SEARCH")
    expect(palette).to_be_focused()
    keys.type("Open Devbox Panel")
    keys.press("Enter")
    expect(lab.panel).to_be_visible()
    press(lab, "Containerize…")
    expect(lab.heading("Plan for")).to_be_focused()
    expect(lab.button("Build")).to_be_enabled()
    press(lab, "Build")
    lab.had_focus("Building")
    expect(lab.button("Switch to keys · CPU…")).to_be_visible(timeout=PATIENCE)
    press(lab, "Switch to keys · CPU…")
    expect(lab.kernel).to_contain_text("keys · CPU")


def press(lab, name: str) -> None:
    """Go to a button by Tab alone, and press it."""
    button = lab.button(name)
    expect(button).to_be_visible()
    for _ in range(TABS):
        if button.evaluate("node => node === document.activeElement"):
            lab.page.keyboard.press("Enter")
            return
        lab.page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {name}")
