"""No engine, or one that goes away: the panel says what is wrong and what works without."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess

import pytest
from acceptance.machine import wait_for
from pages import DARK
from playwright.sync_api import expect
from projects import PATIENCE, notebook

from jupyter_devbox.engine.detect import connect

SOCKET = "/nonexistent/docker.sock"


@pytest.fixture(scope="module")
def alone(make_server):
    return make_server("no-engine", env={"DOCKER_HOST": f"unix://{SOCKET}"})


def test_it_says_what_is_wrong_and_what_works_without(open_lab, alone):
    lab = open_lab(where=alone)
    lab.open(notebook(alone.machine, "alone"))
    panel = lab.show_panel()
    expect(panel).to_contain_text("Docker isn't running")
    expect(panel).to_contain_text(SOCKET)
    expect(lab.button("Write the container files…")).to_be_visible()
    assert lab.violations("#jupyter-devbox-panel") == []
    lab.picture("no-engine")
    lab.theme(DARK)
    assert lab.violations("#jupyter-devbox-panel") == []


def test_a_virtual_environment_is_made_and_offered(open_lab, alone):
    lab = open_lab(where=alone)
    lab.open(notebook(alone.machine, "venv"))
    lab.show_panel()
    lab.button("Use a virtual environment…").click()
    expect(lab.heading("Plan for n.ipynb")).to_be_visible()
    lab.button("Build").click()
    expect(lab.heading("Making the virtual environment")).to_be_visible()
    expect(lab.heading("Making the virtual environment")).to_have_count(0, timeout=PATIENCE)
    expect(lab.panel).to_contain_text("Environment ready")


@pytest.mark.docker
def test_an_engine_that_goes_away_and_comes_back(open_lab, make_server, engine, tmp_path):
    address = connect().endpoint.address
    if shutil.which("socat") is None or not address:
        pytest.skip("socat is not installed, or Docker has no socket")
    socket = tmp_path / "docker.sock"
    words = ["socat", f"UNIX-LISTEN:{socket},fork,unlink-early", f"UNIX-CONNECT:{address}"]
    relay = subprocess.Popen(words, start_new_session=True)
    try:
        wait_for(socket.exists)
        server = make_server("engine-goes", env={"DOCKER_HOST": f"unix://{socket}"})
        lab = open_lab(where=server)
        lab.open(notebook(server.machine, "goes"))
        panel = lab.show_panel()
        expect(lab.button("Containerize…")).to_be_visible()
        end(relay)
        socket.unlink(missing_ok=True)
        lab.command("jupyter-devbox:check-again")
        expect(panel).to_contain_text("Docker isn't running")
        relay = subprocess.Popen(words, start_new_session=True)
        wait_for(socket.exists)
        lab.button("Check again").click()
        expect(lab.button("Containerize…")).to_be_visible()
    finally:
        end(relay)


def end(relay: subprocess.Popen[bytes]) -> None:
    """End a relay with its children, which hold the connections."""
    if relay.poll() is None:
        os.killpg(relay.pid, signal.SIGTERM)
        relay.wait(10)
