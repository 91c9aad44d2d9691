"""The CUDA twin in the panel of a machine without a card: planned, written, not to be run."""

from __future__ import annotations

import re

import pytest
from acceptance.machine import write_notebook
from pages import BUILD, DARK
from playwright.sync_api import expect
from projects import PATIENCE, notebook

from jupyter_devbox.files.reader import configuration_at

pytestmark = pytest.mark.docker

NO_CARD = "this machine has no NVIDIA GPU"


@pytest.fixture
def without_cards(server, engine):
    """Pass only where boxes get no cards: what is shown elsewhere is another thing."""
    told = server.ask("jupyter-devbox/doctor")
    cards = next(check for check in told["checks"] if check["name"] == "gpu")
    if "no NVIDIA GPU" not in cards["found"]:
        pytest.skip(f"this machine has a graphics card: {cards['found']}")


# What the server says to cards that are none.
@pytest.mark.may_say("400 (Bad Request)", "0 (Bad Request)")
def test_it_can_be_planned_and_written_where_it_cannot_run(lab, server, without_cards):
    path = notebook(server.machine, "gpu-plan", "import idna", "1")
    lab.open(path)
    lab.show_panel()
    lab.plan()
    cuda = lab.panel.get_by_role("checkbox", name="CUDA")
    expect(cuda).not_to_be_checked()
    expect(lab.panel).to_contain_text(f"Can be built here but not run: {NO_CARD}")
    cuda.check()
    expect(lab.button(BUILD)).to_be_enabled()
    assert lab.violations("#jupyter-devbox-panel") == []
    lab.picture("cuda-plan")
    lab.button(re.compile("^Limits")).click()
    cards = lab.panel.get_by_label("GPUs", exact=True)
    cards.fill("none")
    cards.press("Enter")
    alert = lab.panel.get_by_role("alert")
    expect(alert).to_contain_text("no graphics cards")
    expect(alert).to_be_in_viewport()
    lab.picture("cuda-plan-no-cards")
    cards.fill("0,1")
    cards.press("Enter")
    expect(lab.button(re.compile("^Limits"))).to_contain_text("GPUs 0,1")
    expect(lab.button(BUILD)).to_be_enabled()
    assert lab.violations("#jupyter-devbox-panel") == []
    lab.picture("cuda-plan-cards")
    lab.button("Write files only").click()
    expect(lab.panel).to_contain_text("files written", timeout=PATIENCE)
    folder = server.root / "gpu-plan" / ".devcontainer"
    assert (folder / "cuda" / "devcontainer.json").is_file()
    assert "idna==" in (folder / "requirements.cuda.in").read_text()
    options = configuration_at(folder / "devcontainer.json")["customizations"]["jupyter_devbox"]
    assert options["options"] == {"gpus": "0,1"}


def test_both_kernels_are_shown_and_the_reason_why_one_cannot_run(lab, server, without_cards):
    project = server.machine.project("gpu-both")
    write_notebook(project / "n.ipynb", "import idna", "1")
    words = ("containerize", "n.ipynb", "--target", "cpu,cuda")
    server.machine.must(*words, cwd=project)
    lab.open("gpu-both/n.ipynb")
    panel = lab.show_panel()
    expect(lab.button("Switch to gpu-both · CPU…")).to_be_visible()
    lab.button(re.compile("^Kernels")).click()
    expect(panel).to_contain_text("gpu-both · CUDA")
    expect(panel).to_contain_text(f"Can't run here: {NO_CARD}")
    expect(panel.get_by_role("button", name="Switch to gpu-both · CUDA")).to_have_count(0)
    lab.button("Show the fix for gpu-both · CUDA").click()
    expect(panel).to_contain_text("--driver")
    assert lab.violations("#jupyter-devbox-panel") == []
    lab.picture("cuda-kernels")
    lab.theme(DARK)
    assert lab.violations("#jupyter-devbox-panel") == []
    lab.picture("cuda-kernels-dark")
