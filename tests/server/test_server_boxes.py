"""Kernels in boxes, over REST: what they use, how they end, and what is done with their boxes."""

from __future__ import annotations

import asyncio
import json

import pytest
from notebooks import write_notebook
from test_server_kernels import start  # noqa: F401

from jupyter_devbox.spec.box import (
    DEVCONTAINER_CONFIG,
    DEVCONTAINER_FOLDER,
    LABEL_KIND,
    LABEL_PROJECT,
)
from jupyter_devbox.spec.container import ContainerSpec

PATH = "digits/n.ipynb"

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


@pytest.fixture
def box_engine(own_engine, monkeypatch, tmp_path):
    """The real engine, for kernels too, with their sockets in a folder of the test's."""
    monkeypatch.setenv("JUPYTER_DEVBOX_RUNTIME_DIR", str(tmp_path / "r"))
    monkeypatch.setattr("jupyter_devbox.provisioner.devbox.connect", lambda: own_engine)
    return own_engine


@pytest.fixture
def boxed(call, project, box_engine, ended, start):  # noqa: F811
    """Build the project, and start a kernel in its box."""
    (project / "helpers.py").write_text("import textwrap\n")

    async def begin(*cells: str):
        write_notebook(project / "n.ipynb", *cells)
        _, build = await call("POST", "builds", body={"path": PATH})
        done = await ended(build["id"])
        assert done["state"] == "done", done
        name = done["result"]["kernels"][0]["name"]
        identity, execute, _ = await start(name, "digits")
        return identity, execute

    return begin


async def until(condition, seconds: float = 30.0):
    for _ in range(int(seconds / 0.2)):
        found = await condition()
        if found:
            return found
        await asyncio.sleep(0.2)
    raise AssertionError(condition)


async def test_the_drift_of_a_box(call, project, boxed, events):
    identity, execute = await boxed("import packaging\nimport helpers")
    _, told = await call("GET", "notebook", path=PATH, kernel=identity)
    assert told["uses"] == {"packages": 1, "apt": [], "unresolved": [], "source": "live"}
    assert (told["kernel"]["target"], told["kernel"]["current"]) == ("cpu", True)
    assert told["drift"] == []
    await execute("%pip install -q idna==3.10")
    _, said = await execute("import helpers, idna; print(helpers.__file__)")
    assert said.endswith("/workspaces/digits/helpers.py\n")
    write_notebook(
        project / "n.ipynb",
        "import packaging\nimport helpers",
        "%pip install -q idna==3.10",
        "import helpers, idna; print(helpers.__file__)",
    )
    _, told = await call("GET", "notebook", path=PATH, kernel=identity)
    assert told["uses"]["source"] == "live"
    assert told["drift"] == [
        {"kind": "added", "name": "idna", "version": "3.10", "pinned": "", "cell": 2}
    ]
    _, plan = await call("GET", "plan", path=PATH, kernel=identity)
    (idna,) = [r for r in plan["requirements"] if r["name"] == "idna"]
    assert (idna["version"], idna["included"]) == ("3.10", True)
    assert plan["questions"] == []

    # What runs, and its end.
    _, told = await call("GET", "boxes")
    (box,) = told["boxes"]
    assert (box["running"], box["stale"], box["foreign"]) == (True, False, False)
    assert box["project"]["name"] == "digits"
    assert box["use"]["memory"] > 2**20
    assert box["use"]["pids"] > 5
    assert (box["use"]["memory_limit"], box["use"]["pids_limit"]) == (None, None)
    assert [k["id"] for k in box["kernels"]] == [identity]
    status, told = await call("DELETE", "boxes", box["id"])
    assert (status, told) == (200, {"stopped": box["id"]})
    _, told = await call("GET", "boxes")
    assert [(b["id"], b["running"], b["kernels"]) for b in told["boxes"]] == [
        (box["id"], False, [])
    ]
    assert told["boxes"][0]["use"] is None
    _, told = await call("GET", "images")
    assert told["images"][0]["last_used"] is not None
    await asyncio.sleep(0.3)
    assert {"what": "boxes", "schema": "urn:jupyter-devbox:changed"} in events


async def test_a_kernel_that_dies_says_why(call, project, boxed, jp_fetch):
    identity, execute = await boxed("print(1)")
    with pytest.raises((TimeoutError, asyncio.TimeoutError)):
        await asyncio.wait_for(execute("import os; os._exit(3)"), 3)

    async def dead():
        _, told = await call("GET", "notebook", path=PATH, kernel=identity)
        return told["kernel"] and told["kernel"]["death"]

    async def settled():
        """Jupyter restarts what died by itself too, and takes no second restart meanwhile."""
        _, told = await call("GET", "notebook", path=PATH, kernel=identity)
        return told["kernel"]["state"] == "running"

    death = await until(dead)
    assert death["code"] == "kernel_start"
    assert "exit code 3" in death["message"]

    await until(settled)
    await jp_fetch("api", "kernels", identity, "restart", method="POST", body=json.dumps({}))
    _, told = await call("GET", "notebook", path=PATH, kernel=identity)
    assert told["kernel"]["death"] is None


async def test_other_limits_and_nothing_else(call, project, boxed, box_engine, jp_fetch):
    """What the notebook uses by now waits, and so does a line that the user wrote."""
    identity, execute = await boxed("import packaging")
    await execute("%pip install -q idna==3.10")
    write_notebook(project / "n.ipynb", "import packaging", "import idna")
    with (project / ".devcontainer" / "requirements.in").open("a") as file:
        file.write("six\n")
    labels = {LABEL_KIND: "box", LABEL_PROJECT: str(project)}
    (box,) = box_engine.containers(labels)
    _, told = await call("GET", "notebook", path=PATH, kernel=identity)
    kernel, drift = told["kernel"], told["drift"]
    assert [row["name"] for row in drift] == ["idna"]
    assert kernel["limits"] == dict.fromkeys(("memory", "cpus", "shm_size", "pids", "gpus"))
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}

    limits = {"memory": "1g", "pids": "300", "shm_size": "128m"}
    status, told = await call("POST", "kernels", kernel["name"], "limits", body=limits)
    assert status == 200, told
    written = {**dict.fromkeys(("cpus", "gpus")), **limits}
    assert (told["limits"], told["warnings"]) == (written, [])
    assert told["files"] == [".devcontainer/devcontainer.json"]
    assert {p for p, was in before.items() if p.read_bytes() != was} == {project / told["files"][0]}
    assert [c.id for c in box_engine.containers(labels)] == [box.id], "what runs goes on"

    words = ("api", "kernels", identity, "restart")
    await jp_fetch(*words, method="POST", body=json.dumps({}), request_timeout=120)
    (now,) = box_engine.containers(labels)
    assert (now.id != box.id, now.image) == (True, box.image)
    assert (now.limits.memory, now.limits.pids, now.limits.shm) == (2**30, 300, 2**27)
    _, told = await call("GET", "notebook", path=PATH, kernel=identity)
    assert (told["kernel"]["limits"], told["kernel"]["current"]) == (written, True)
    assert [row["name"] for row in told["drift"]] == ["idna"]
    assert len((await call("GET", "builds"))[1]["builds"]) == 1
    assert len((await call("GET", "images"))[1]["images"]) == 1

    # A file that decides how the box is run must be the one that was approved.
    config = project / ".devcontainer" / "devcontainer.json"
    config.write_text(
        config.read_text().replace('"init": true', '"init": true, "privileged": true')
    )
    status, told = await call("POST", "kernels", kernel["name"], "limits", body={"memory": "2g"})
    assert (status, told["code"]) == (409, "untrusted_project")
    assert any("privileged" in line for line in told["details"])


async def test_an_older_image_than_the_kernelspecs(call, project, boxed, ended):
    identity, _ = await boxed("print(1)")
    _, build = await call("POST", "builds", body={"path": PATH, "edits": {"include": ["idna"]}})
    assert (await ended(build["id"]))["state"] == "done"
    _, told = await call("GET", "notebook", path=PATH, kernel=identity)
    assert told["kernel"]["current"] is False
    _, told = await call("GET", "boxes")
    assert [box["stale"] for box in told["boxes"]] == [True]


async def test_a_box_of_vs_codes_is_left_alone(call, project, boxed, own_engine):
    await boxed("print(1)")
    _, told = await call("GET", "boxes")
    image = told["boxes"][0]["image"]
    config = project / ".devcontainer" / "devcontainer.json"
    labels = {DEVCONTAINER_FOLDER: str(project), DEVCONTAINER_CONFIG: str(config)}
    spec = ContainerSpec(image=image, command=("sleep", "60"), labels=labels)
    theirs = own_engine.create(spec)
    own_engine.start(theirs)
    _, told = await call("GET", "boxes")
    (foreign,) = [box for box in told["boxes"] if box["foreign"]]
    assert foreign["id"] == theirs
    status, problem = await call("DELETE", "boxes", theirs)
    assert (status, problem["code"]) == (409, "not_ours")
    assert own_engine.container(theirs).status == "running"
    own_engine.remove(theirs)
