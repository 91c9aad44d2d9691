"""Limits in the panel: what a box uses, what happens at its limit, and a restart into others."""

from __future__ import annotations

import re

import pytest
from acceptance.machine import write_notebook
from pages import DARK
from playwright.sync_api import expect
from projects import IN_IMAGE, PATIENCE
from test_access import LIGHT, OUTSIDE, narrow

from jupyter_devbox.spec.box import LABEL_KIND, LABEL_PROJECT

pytestmark = pytest.mark.docker

CELLS = (
    "import openpyxl\nkept = 1\nprint('kept', kept)",
    "x = bytearray(2**30)\nprint('had room')",
)


@pytest.fixture(scope="module")
def notebooks(machine) -> tuple[str, str]:
    """Two notebooks of a project whose box has 512 MiB."""
    project = machine.project("bounded")
    for name in ("big", "small"):
        write_notebook(project / f"{name}.ipynb", *CELLS)
    options = ("--memory", "512m", "--json")
    made = machine.must("containerize", "big.ipynb", "small.ipynb", *options, cwd=project).json
    spec = {"name": made["kernels"][0]["name"], "display_name": "bounded · CPU"}
    for name in ("big", "small"):
        write_notebook(project / f"{name}.ipynb", *CELLS, kernelspec=spec)
    return "bounded/big.ipynb", "bounded/small.ipynb"


def running(server, engine) -> list[str]:
    """Return the memory limits, in MiB, of the project's running boxes."""
    labels = {LABEL_KIND: "box", LABEL_PROJECT: str(server.root / "bounded")}
    boxes = [box for box in engine.containers(labels) if box.status == "running"]
    return sorted(box.limits.memory >> 20 for box in boxes)


# What the server says to limits that are none.
@pytest.mark.may_say("400 (Bad Request)", "0 (Bad Request)")
def test_at_its_limit_a_kernel_is_named_and_restarts_with_more(open_lab, notebooks, server, engine):
    big, small = notebooks
    other = open_lab()
    other.open(small)
    assert "kept 1" in other.run_cell(0)
    lab = open_lab()
    lab.open(big)
    assert "kept 1" in lab.run_cell(0)
    panel = lab.show_panel()
    expect(panel).to_contain_text(IN_IMAGE)
    lost = lab.page.get_by_role("dialog", name=re.compile("^Kernel Restarting"))
    lab.page.add_locator_handler(lost, lambda _: lab.page.keyboard.press("Escape"))
    lab.run_cell(1)
    alert = panel.get_by_role("alert")
    expect(alert).to_contain_text("The kernel of big.ipynb was killed: 512 MiB limit")
    lab.picture("limits-1-out-of-memory")
    assert lab.violations("#jupyter-devbox-panel") == []
    assert "kept 1" in other.run_cell(0), "the other notebook's kernel lives"

    lab.button("Restart with more memory…").click()
    dialog = lab.dialog()
    expect(dialog).to_contain_text("Restart bounded · CPU with limits")
    memory = dialog.get_by_label("Memory", exact=True)
    expect(memory).to_have_value("1g")
    memory.fill("lots")
    dialog.get_by_role("button", name="Restart").click()
    expect(dialog.get_by_role("alert")).to_contain_text("This is not a size")
    look_at(lab, dialog)
    dialog.get_by_label("Memory", exact=True).fill("2g")
    dialog.get_by_label("Processes", exact=True).fill("400")
    dialog.get_by_role("button", name="Restart").click()
    expect(panel).to_contain_text(IN_IMAGE, timeout=PATIENCE)
    lab.kernel_idle()
    lab.run_cell(1)
    cell = lab.page.locator(".jp-NotebookPanel:visible .jp-Cell").nth(1)
    expect(cell).to_contain_text("had room")
    assert running(server, engine) == [512, 2048]
    lab.button(re.compile("^Kernels")).click()
    mine = panel.get_by_role("listitem").filter(has_text="This notebook")
    expect(mine).to_contain_text(re.compile(r"memory [\d.]+ [MG]iB of 2.0 GiB"))
    expect(panel).to_contain_text(re.compile(r"processes \d+ of 400"))
    lab.picture("limits-3-use")
    assert [b for b in server.ask("jupyter-devbox/builds")["builds"] if b["path"] == big] == []
    narrow(lab, panel)
    assert panel.evaluate(OUTSIDE) == []
    lab.picture("limits-4-narrow")

    other.command("kernelmenu:shutdown")
    expect(other.kernel).to_contain_text("No Kernel")
    lab.page.wait_for_timeout(100)
    for _ in range(300):
        if running(server, engine) == [2048]:
            return
        lab.page.wait_for_timeout(100)
    assert running(server, engine) == [2048]


def look_at(lab, dialog) -> None:
    """In both themes nothing is cut off; a box on the CPU has no cards to choose."""
    expect(dialog.get_by_label("GPUs", exact=True)).to_have_count(0)
    for shade in (DARK, LIGHT):
        lab.theme(shade)
        lab.picture(f"limits-2-dialog-{shade.split()[-1].lower()}")
        assert lab.violations(".jp-Dialog") == []
    body = dialog.locator(".jp-Devbox-dialog")
    assert body.evaluate("node => node.scrollHeight - node.clientHeight") <= 1
    wide = lab.page.viewport_size
    lab.page.set_viewport_size({"width": 420, "height": 900})
    lab.picture("limits-2-dialog-narrow")
    assert body.evaluate(OUTSIDE) == []
    lab.page.set_viewport_size(wide)
