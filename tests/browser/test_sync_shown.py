"""What was installed in the box by hand: shown, put into the image, and there after a restart."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from projects import IN_IMAGE, PATIENCE, in_its_box

from jupyter_devbox.spec.container import ExecSpec

pytestmark = pytest.mark.docker


def test_what_a_terminal_installed_goes_into_the_image(lab, server, engine):
    panel, box = in_its_box(lab, server, "byhand")
    # As in a terminal: the kernel's own history says nothing of it.
    words = ("pip", "install", "-q", "--disable-pip-version-check", "iniconfig==2.0.0")
    done = engine.run(box["id"], ExecSpec(command=words))
    assert done.exit_code == 0, done
    number = lab.add_cell("kept = 6 * 7\nprint(kept)")
    assert "42" in lab.run_cell(number)
    lab.command("docmanager:save")
    expect(panel).to_contain_text("1 change is not in the image")
    expect(panel).to_contain_text(re.compile(r"iniconfig 2\.0\.0 added"))
    lab.picture("sync-drift")
    assert lab.violations("#jupyter-devbox-panel") == []
    lab.button("Add to image").click()
    expect(lab.button("Restart into it…")).to_be_visible(timeout=PATIENCE)
    assert "42" in lab.run_cell(lab.add_cell("print(kept)")), "the kernel ran on"
    inputs = server.root / "byhand" / ".devcontainer" / "requirements.in"
    assert "iniconfig==2.0.0" in inputs.read_text()
    lab.button("Restart into it…").click()
    lab.confirm("Restart")
    expect(panel).to_contain_text(IN_IMAGE)
    lab.kernel_idle()
    found = "import iniconfig, importlib.metadata as m; print(m.version('iniconfig'))"
    assert "2.0.0" in lab.run_cell(lab.add_cell(found))
    lab.picture("sync-restarted")
