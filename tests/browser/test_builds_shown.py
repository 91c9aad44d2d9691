"""Builds in the panel: they outlive the page, are the same in every tab, fail in words."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from projects import PATIENCE, ticking, written

pytestmark = pytest.mark.docker

# A server that is gone is what these are about; the browser says so of each request.
GONE = ("WebSocket connection", "net::ERR_", "Failed to load resource", "Failed to fetch",
        "Connection lost", "NetworkError")  # fmt: skip


def ticks(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"tick (\d+)$", text, re.MULTILINE)]


def newest(server, path):
    """Return the newest build of a notebook, with its log."""
    builds = server.ask("jupyter-devbox/builds")["builds"]
    found = next(build["id"] for build in builds if build["path"] == path)
    return server.ask(f"jupyter-devbox/builds/{found}?since=0")


def test_a_reload_in_the_middle_shows_the_same_build_from_its_first_line(lab, server, engine):
    path = ticking(server.machine, "reloaded", 14)
    lab.open(path)
    lab.show_panel()
    lab.build()
    expect(lab.log).to_contain_text("tick 2", timeout=PATIENCE)
    lab.reload()
    lab.show_panel()
    expect(lab.heading("Building the CPU image")).to_be_visible()
    expect(lab.log).to_contain_text("tick 9")
    shown = ticks(lab.log.inner_text())
    assert shown == list(range(1, shown[-1] + 1)), "nothing twice, nothing missing"
    lab.picture("building")
    expect(lab.button("Switch to reloaded · CPU…")).to_be_visible(timeout=PATIENCE)
    lines = newest(server, path)["log"]["lines"]
    assert ticks("\n".join(lines)) == list(range(1, 15))


# Lab's own words in the second page of one kernel, whose comms the first has opened.
@pytest.mark.may_say("Comm not found for comm id")
def test_two_tabs_show_one_build_and_either_can_cancel_it(open_lab, server, engine):
    path = ticking(server.machine, "twice", 300)
    first, second = open_lab(), open_lab()
    first.open(path)
    first.show_panel()
    first.build()
    expect(first.log).to_contain_text("tick 2", timeout=PATIENCE)
    second.open(path)
    second.show_panel()
    expect(second.heading("Building the CPU image")).to_be_visible()
    expect(second.log).to_contain_text("tick 4")

    running = newest(server, path)
    again = server.ask("jupyter-devbox/builds", "POST", {"path": path, "edits": {}})
    assert (again["id"], again["joined"]) == (running["id"], True)

    second.button("Cancel build").click()
    for tab in (first, second):
        expect(tab.panel).to_contain_text("Build cancelled")
        expect(tab.panel).to_contain_text("The finished steps are kept.")
        expect(tab.button("Build again")).to_be_visible()
    assert newest(server, path)["state"] == "cancelled"


@pytest.mark.may_say(*GONE)
def test_a_server_that_restarts_in_the_middle_says_so_and_builds_again(lab, server, engine):
    path = ticking(server.machine, "restarted", 20)
    lab.open(path)
    lab.show_panel()
    lab.build()
    expect(lab.log).to_contain_text("tick 2", timeout=PATIENCE)
    server.stop()
    server.start()
    said = "Jupyter stopped in the middle of the build"
    expect(lab.panel).to_contain_text(said, timeout=PATIENCE)
    again = newest(server, path)
    assert again["state"] == "interrupted"
    assert ticks("\n".join(again["log"]["lines"]))[:2] == [1, 2], "the log outlives the server"
    lab.picture("interrupted")
    lab.button("Build again").click()
    expect(lab.button("Switch to restarted · CPU…")).to_be_visible(timeout=PATIENCE)


def test_a_failing_build_names_the_step_and_shows_its_text_as_text(lab, server, engine):
    path = written(
        server.machine, "failing",
        "echo '<img src=x onerror=document.title=1>'",
        "head -c 1000000 /dev/zero | tr '\\0' x; echo; printf '\\033[31mred\\033[0m\\n'; exit 3",
    )  # fmt: skip
    lab.open(path)
    lab.show_panel()
    lab.build()
    alert = lab.panel.get_by_role("alert")
    expect(alert).to_contain_text("Build failed:", timeout=PATIENCE)
    expect(lab.panel).to_contain_text("Your kernel still runs and no earlier image was touched.")
    lab.picture("failed")
    assert lab.violations("#jupyter-devbox-panel") == []
    lab.button("Open log").click()
    log = lab.page.locator("#jp-main-dock-panel").get_by_role("log")
    expect(log).to_contain_text("red")
    lines = newest(server, path)["log"]["lines"]
    assert any(line.endswith("<img src=x onerror=document.title=1>") for line in lines)
    assert not any("\x1b" in line or len(line) > 2000 for line in lines)
    assert lab.page.locator("img[src=x]").count() == 0

    recipe = server.root / "failing" / ".devcontainer" / "Dockerfile"
    recipe.write_text(recipe.read_text().replace("exit 3", "exit 0"))
    server.machine.must("trust", "--approve", cwd=server.root / "failing")
    lab.button("Retry").click()
    expect(lab.button("Switch to failing · CPU…")).to_be_visible(timeout=PATIENCE)
