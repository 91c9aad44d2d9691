"""A server that is killed, or ends, in mid-build; and an engine that is not there, or goes away."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
from notebooks import write_notebook
from private_engine import missing, private_engine
from process import ServerProcess

from jupyter_devbox.engine.base import Engine

PATH = "hang/n.ipynb"
PYTHON = "# >>> jupyter-devbox python"


def wait_for(condition, seconds: float = 60.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.2)
    raise AssertionError("it did not happen in time")


@pytest.fixture
def server(tmp_path):
    made = ServerProcess(tmp_path)
    made.start()
    yield made
    made.end()
    words = [sys.executable, "-m", "jupyter_devbox", "prune", "--all", "--yes"]
    subprocess.run(words, env=made.env, check=True, capture_output=True)


@pytest.fixture
def hanging(server, tmp_path):
    """A build that hangs in its second step, and its id."""
    project = server.root / "hang"
    project.mkdir()
    write_notebook(project / "n.ipynb", "print(1)")
    status, build = server.call("POST", "builds", json={"path": PATH, "write_only": True})
    assert status == 201, build
    wait_for(lambda: server.call("GET", f"builds/{build['id']}")[1]["state"] == "done")
    recipe = project / ".devcontainer" / "Dockerfile"
    own = f"RUN echo here we are && sleep 300 # {tmp_path}\n"
    recipe.write_text(recipe.read_text().replace(PYTHON, f"{own}\n{PYTHON}", 1))
    _, seen = server.call("GET", f"trust?path={PATH}")
    server.call("POST", "trust", json={"path": PATH, "digest": seen["digest"]})
    status, build = server.call("POST", "builds", json={"path": PATH})
    assert status == 201, build
    wait_for(
        lambda: "here we are" in server.call("GET", f"builds/{build['id']}")[1]["log"]["lines"]
    )
    return build["id"]


@pytest.mark.docker
@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_next_server_shows_it_as_interrupted(engine: Engine, server, hanging, number):
    server.end(number)
    server.start()
    status, told = server.call("GET", f"builds/{hanging}")
    assert (status, told["state"]) == (200, "interrupted")
    assert told["problem"]["code"] == "interrupted"
    # The step that hangs is of the first; the second may have begun beside it, and is named then.
    at = told["problem"]["phase"]
    assert at in {"System packages", "Python packages"}
    stood = {phase["phase"]: phase["status"] for phase in told["phases"]}
    assert [phase for phase, status in stood.items() if status == "failed"] == [at]
    assert stood["System packages"] in {"running", "failed"}
    assert "here we are" in told["log"]["lines"]
    assert told["lines"] == len(told["log"]["lines"])
    assert server.call("DELETE", f"builds/{hanging}")[0] == 200
    _, notebook = server.call("GET", f"notebook?path={PATH}")
    assert notebook["build"] == hanging
    # The project is free: the next build does not join the dead one.
    status, again = server.call("POST", "builds", json={"path": PATH})
    assert (status, again["joined"]) == (201, False)
    assert server.call("DELETE", f"builds/{again['id']}")[0] == 202
    wait_for(lambda: server.call("GET", f"builds/{again['id']}")[1]["state"] == "cancelled")


@pytest.mark.network
def test_without_an_engine_the_panel_still_gets_all_else(tmp_path):
    server = ServerProcess(tmp_path, {"DOCKER_HOST": f"unix://{tmp_path}/none.sock"})
    server.start()
    try:
        project = server.root / "hang"
        project.mkdir()
        write_notebook(project / "n.ipynb", "import packaging")
        _, told = server.call("GET", f"notebook?path={PATH}")
        assert (told["engine"]["ok"], told["engine"]["code"]) == (False, "engine_not_running")
        cpu, cuda, venv = told["targets"]
        assert (cuda["builds"], cuda["runs"]) == (False, False)
        assert (cpu["builds"], cpu["runs"], venv["runs"]) == (False, False, True)
        assert cpu["reason"] == told["engine"]["message"]
        assert cpu["hint"]
        _, plan = server.call("GET", f"plan?path={PATH}")
        assert [r["name"] for r in plan["requirements"]] == ["packaging"]
        status, told = server.call("POST", "builds", json={"path": PATH})
        assert (status, told["code"]) == (503, "engine_not_running")
        for what in ("boxes", "images"):
            status, told = server.call("GET", what)
            assert (status, told["engine"]["ok"], told[what]) == (200, False, [])
        status, told = server.call("DELETE", "boxes/x")
        assert status == 503
        body = {"path": PATH, "edits": {"targets": ["venv"]}}
        status, build = server.call("POST", "builds", json=body)
        assert status == 201, build
        done = wait_for(lambda: ended(server, build["id"]), 120)
        assert done["state"] == "done", done
        assert [k["target"] for k in done["result"]["kernels"]] == ["venv"]
        assert done["result"]["image"] is None
    finally:
        server.end()


def ended(server: ServerProcess, identity: str):
    told = server.call("GET", f"builds/{identity}")[1]
    return told if told["state"] != "running" else None


def engine_of(server: ServerProcess, what: str, *, ok: bool):
    told = server.call("GET", what)[1]["engine"]
    return told if told["ok"] is ok else None


@pytest.mark.docker
@pytest.mark.slow
def test_an_engine_that_goes_away_and_comes_back(tmp_path):
    if reason := missing():
        pytest.skip(f"no Docker daemon of the test's own: {reason}")
    with private_engine("300m") as private:
        server = ServerProcess(tmp_path, {"DOCKER_HOST": private.url})
        server.start()
        try:
            assert server.call("GET", "images")[1]["engine"]["ok"]
            private.stop()
            for what in ("images", "boxes"):
                # An answer is good for a moment (`Once`); the daemon may end within it.
                told = wait_for(lambda what=what: engine_of(server, what, ok=False), 5)
                assert told["code"] == "engine_not_running"
                assert told["hint"]
            private.start()
            assert wait_for(lambda: engine_of(server, "boxes", ok=True), 5)
        finally:
            server.end()
