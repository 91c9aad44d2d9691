"""JupyterLab's debugger and terminal on a kernel in a box, as a user works with them."""

from __future__ import annotations

import re

import pytest
from acceptance.machine import write_notebook
from playwright.sync_api import expect

pytestmark = pytest.mark.docker

CELL = (
    "import helpers_here\n"
    "def twice(x):\n"
    "    y = x + 1\n"
    "    return helpers_here.thrice(y)\n"
    "print(twice(20))"
)
MODULE = "def thrice(number):\n    result = number * 3\n    return result\n"


@pytest.fixture(scope="module")
def notebook(machine) -> str:
    project = machine.project("debugged")
    (project / "helpers_here.py").write_text(MODULE)
    write_notebook(project / "n.ipynb", CELL)
    made = machine.must("containerize", "n.ipynb", "--json", cwd=project).json
    spec = {"name": made["kernels"][0]["name"], "display_name": "debugged · CPU"}
    write_notebook(project / "n.ipynb", CELL, kernelspec=spec)
    return "debugged/n.ipynb"


def test_breakpoints_are_hit_in_the_cell_and_in_a_module_of_the_project(lab, notebook, engine):
    lab.open(notebook)
    page = lab.page
    bug = page.locator(".jp-NotebookPanel:visible .jp-DebuggerBugButton")
    expect(bug).to_have_attribute("aria-disabled", "false")
    gutter = page.locator(".jp-NotebookPanel:visible .cm-breakpoint-gutter .cm-gutterElement")
    bug.click()
    expect(gutter).to_have_count(6)  # a spacer, then the lines
    expect(bug).to_have_attribute("aria-pressed", "true")
    gutter.nth(3).click()
    stops = page.locator(".jp-DebuggerBreakpoints-body .jp-DebuggerBreakpoint")
    expect(stops).to_have_count(1)

    page.locator(".jp-NotebookPanel:visible .jp-Cell .cm-content").first.click()
    # Not `run_cell`: that would wait for the cell's end.
    page.keyboard.press("Control+Enter")
    stack = page.locator(".jp-DebuggerCallstack-body")
    expect(stack).to_contain_text("twice")
    expect(page.locator(".jp-DebuggerEditor-highlight")).to_contain_text("y = x + 1")
    variables = page.locator(".jp-debuggerVariables-local")
    expect(variables).to_contain_text(re.compile(r"x\s*:?\s*20"))
    lab.picture("debug-1-cell")

    lab.command("debugger:next")
    expect(page.locator(".jp-DebuggerEditor-highlight")).to_contain_text("thrice(y)")
    lab.command("debugger:stepIn")
    expect(stack).to_contain_text("thrice")
    source = page.get_by_role("tabpanel", name="helpers_here.py")
    expect(source.locator(".jp-DebuggerEditor-highlight")).to_contain_text("result = number * 3")
    lab.picture("debug-2-module")
    lab.command("debugger:continue")
    page.get_by_role("tab", name="n.ipynb").click()
    output = page.locator(".jp-NotebookPanel:visible .jp-OutputArea").first
    expect(output).to_contain_text("63")
    bug.click()
    expect(bug).to_have_attribute("aria-pressed", "false")


def test_a_terminal_in_the_box(lab, notebook, server, engine):
    lab.open(notebook)
    lab.show_panel()
    lab.button(re.compile("^Kernels")).click()
    lab.button("Open a terminal in the box of debugged · CPU").click()
    terminal = lab.page.locator(".jp-Terminal:visible")
    expect(terminal).to_be_visible()
    terminal.locator("textarea").focus()
    made = server.root / "debugged" / "from-the-terminal"
    # The shell takes a moment; what is typed before it listens is the first shell's to read.
    for _ in range(60):
        lab.page.keyboard.type("cd /workspaces/debugged && touch from-the-terminal && pwd\n")
        lab.page.wait_for_timeout(1000)
        if made.exists():
            break
    assert made.exists()
    lab.picture("debug-3-terminal")
    lab.page.keyboard.type("exit\n")
