"""Kernels in boxes: deaths are explained, the badge leads, other projects' files are approved."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from projects import PATIENCE, in_its_box, notebook, written

pytestmark = pytest.mark.docker


def test_a_kernel_killed_from_outside_is_explained_and_comes_back(lab, server, engine):
    panel, box = in_its_box(lab, server, "killed")
    engine.remove(box["id"])
    # Lab has a word of its own, over everything.
    lost = lab.page.get_by_role("dialog", name=re.compile("^Kernel Restarting"))
    lab.page.add_locator_handler(lost, lambda _: lab.page.keyboard.press("Escape"))
    alert = panel.get_by_role("alert")
    expect(alert).to_contain_text("The box was removed")
    lab.picture("death")
    assert lab.violations("#jupyter-devbox-panel") == []
    lab.button("Restart killed · CPU").click()
    expect(alert).to_have_count(0)
    lab.kernel_idle()
    assert "in the box" in lab.run_cell(0)


def rules(violations: list[str]) -> set[str]:
    """Return the names of the rules that are broken."""
    return {line.split()[0] for line in violations}


def test_the_badge_opens_a_menu_by_keyboard(lab, server, engine):
    lab.open(notebook(server.machine, "badge"))
    expect(lab.badge).to_be_visible()
    lab.page.get_by_role("menuitem", name="File").click()
    of_lab = rules(lab.violations(".lm-Menu"))
    lab.page.keyboard.press("Escape")
    lab.badge.focus()
    lab.page.keyboard.press("Enter")
    menu = lab.page.get_by_role("menu").filter(has_text="Open Devbox panel")
    expect(menu).to_be_visible()
    assert rules(lab.violations(".jp-Devbox-menu")) <= of_lab, "no worse than Lab's own menus"
    menu.get_by_text("Open Devbox panel").click()
    expect(lab.panel).to_be_visible()


def test_the_badges_menu_gives_the_focus_back(lab, server, engine):
    lab.open(notebook(server.machine, "focus"))
    expect(lab.badge).to_be_visible()
    lab.badge.focus()
    lab.page.keyboard.press("Enter")
    expect(lab.page.get_by_role("menu").filter(has_text="Open Devbox panel")).to_be_visible()
    lab.page.keyboard.press("Escape")
    expect(lab.badge).to_be_focused()


def test_files_from_elsewhere_are_shown_and_approved_before_anything_is_built(lab, server, engine):
    path = written(server.machine, "foreign", "echo from-elsewhere", approved=False)
    configuration = server.root / "foreign" / ".devcontainer" / "devcontainer.json"
    text = configuration.read_text()
    configuration.write_text(text.replace("{", '{\n  "capAdd": ["SYS_PTRACE"],', 1))
    lab.open(path)
    panel = lab.show_panel()
    expect(panel).to_contain_text("This project is not approved yet")
    lab.button("Look at the files…").click()
    dialog = lab.dialog()
    expect(dialog).to_contain_text("Approve foreign on this machine?")
    expect(dialog).to_contain_text("echo from-elsewhere")
    expect(dialog.get_by_role("checkbox")).to_have_count(1)
    expect(dialog).to_contain_text("SYS_PTRACE")
    lab.picture("trust")
    assert lab.violations(".jp-Dialog") == []
    lab.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(panel).to_contain_text("This project is not approved yet")

    lab.button("Look at the files…").click()
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="Approve").click()
    lab.build()
    expect(lab.button("Switch to foreign · CPU…")).to_be_visible(timeout=PATIENCE)


def test_the_output_of_the_magic_switches_and_opens_the_panel(lab, server, engine):
    path = notebook(server.machine, "magic", "%load_ext jupyter_devbox\n%containerize", "1")
    lab.open(path)
    lab.run_cell(0)
    output = lab.page.locator(".jp-Devbox-cell")
    expect(output).to_be_visible(timeout=PATIENCE)
    assert lab.violations(".jp-Devbox-cell") == []
    lab.picture("cell")
    lab.button("Open panel", output).click()
    expect(lab.panel).to_be_visible()
    lab.button("Switch to magic · CPU…", output).click()
    lab.page.get_by_role("dialog").get_by_role("button", name="Switch").click()
    expect(lab.kernel).to_contain_text("magic · CPU")
