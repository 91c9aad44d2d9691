"""No engine, or one that goes away: the panel says what is wrong and what works without."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from acceptance.machine import wait_for
from pages import DARK, READY
from playwright.sync_api import expect
from projects import PATIENCE, notebook

from jupyter_devbox.engine.detect import connect

SOCKET = "/nonexistent/docker.sock"


@pytest.fixture(scope="module")
def alone(make_server):
    return make_server("no-engine", env={"DOCKER_HOST": f"unix://{SOCKET}"})


def test_it_says_so_and_a_virtual_environment_works(open_lab, alone):
    lab = open_lab(where=alone)
    lab.open(notebook(alone.machine, "alone"))
    panel = lab.show_panel()
    expect(panel).to_contain_text("Docker isn't running", timeout=READY)
    expect(panel).to_contain_text(SOCKET)
    assert lab.violations("#jupyter-devbox-panel") == []
    lab.picture("no-engine")
    lab.theme(DARK)
    assert lab.violations("#jupyter-devbox-panel") == []
    lab.button("Use a virtual environment…").click()
    expect(lab.heading("Plan for n.ipynb")).to_be_visible(timeout=READY)
    lab.button("Build").click(timeout=READY)
    expect(panel).to_contain_text("Environment ready", timeout=PATIENCE)


@pytest.mark.docker
def test_an_engine_that_goes_away_and_comes_back(open_lab, make_server, engine, tmp_path):
    address = connect().endpoint.address
    if shutil.which("socat") is None or not address:
        pytest.skip("socat is not installed, or Docker has no socket")
    socket = tmp_path / "docker.sock"
    words = ["socat", f"UNIX-LISTEN:{socket},fork,unlink-early", f"UNIX-CONNECT:{address}"]
    relay = subprocess.Popen(words)
    try:
        wait_for(socket.exists)
        server = make_server("engine-goes", env={"DOCKER_HOST": f"unix://{socket}"})
        lab = open_lab(where=server)
        lab.open(notebook(server.machine, "goes"))
        panel = lab.show_panel()
        expect(lab.button("Containerize…")).to_be_visible(timeout=READY)
        relay.terminate()
        relay.wait(10)
        socket.unlink(missing_ok=True)
        lab.command("jupyter-devbox:check-again")
        expect(panel).to_contain_text("Docker isn't running", timeout=READY)
        relay = subprocess.Popen(words)
        wait_for(socket.exists)
        lab.button("Check again").click()
        expect(lab.button("Containerize…")).to_be_visible(timeout=READY)
    finally:
        relay.terminate()
        relay.wait(10)
