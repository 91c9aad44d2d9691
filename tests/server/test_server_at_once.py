"""The panel's *Add to image* while something else builds the project: it waits, or is refused."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from notebooks import write_notebook
from test_server_boxes import box_engine, boxed, until  # noqa: F401
from test_server_kernels import start  # noqa: F401

from jupyter_devbox.files.project import Project
from jupyter_devbox.workflow.context import this_machine
from jupyter_devbox.workflow.turns import turn

PATH = "digits/n.ipynb"
PIP = "%pip install -q --disable-pip-version-check iniconfig==2.0.0"

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


@pytest.fixture
def at_work(project: Path):
    """Somebody else, who has the project's turn until `release` is set, as a terminal would."""
    began, release = threading.Event(), threading.Event()

    def work() -> None:
        place = Project(root=project, reason="it is a test")
        with turn(this_machine(), place, lambda _: None, threading.Event()):
            began.set()
            release.wait(300)

    thread = threading.Thread(target=work)
    yield lambda: (thread.start(), began.wait(60)), release
    release.set()
    if thread.ident is not None:
        thread.join(60)


async def test_another_build_runs(call, project, boxed, ended, at_work):  # noqa: F811
    identity, execute = await boxed("print(6 * 7)")
    await execute(PIP)
    inputs = project / ".devcontainer" / "requirements.in"
    before = inputs.read_text()
    begin, release = at_work
    await asyncio.to_thread(begin)

    # Of another program's: it waits, and says for what.
    sync = {"path": PATH, "kernel": identity, "sync": True}
    status, build = await call("POST", "builds", body=sync)
    assert (status, build["state"], build["joined"]) == (201, "running", False), build

    async def told():
        _, seen = await call("GET", "builds", build["id"], since="0")
        return "Another containerize is at work on digits" in "".join(seen["log"]["lines"])

    await until(told)
    # Of this server's: whatever it would not do is refused, and not lost without a word.
    write_notebook(project / "other.ipynb", "import packaging")
    for body in (sync, {"path": "digits/other.ipynb"}, {"path": PATH, "edits": {"apt": ["jq"]}}):
        status, problem = await call("POST", "builds", body=body)
        assert (status, problem["code"]) == (409, "build"), problem
        assert problem["message"] == f"This project is being built, for: `{PATH}`"
        assert problem["hint"] == "try again when that has ended"
    assert inputs.read_text() == before

    release.set()
    done = await ended(build["id"])
    assert done["state"] == "done", done
    assert "iniconfig==2.0.0" in inputs.read_text()
    status, build = await call("POST", "builds", body={"path": "digits/other.ipynb"})
    assert status == 201
    assert (await ended(build["id"]))["state"] == "done"
    for name in ("iniconfig==2.0.0", "packaging"):
        assert name in inputs.read_text()
