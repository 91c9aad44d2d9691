"""Builds over REST, on the real engine: to the end, failing, cancelled, refused."""

from __future__ import annotations

import asyncio
import time

import pytest
from image_layers import has_layers_of_its_own
from notebooks import write_notebook

from jupyter_devbox.server.builds import jobs

PATH = "digits/n.ipynb"
PYTHON = "# >>> jupyter-devbox python"

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A loaded machine takes longer to find out what stands in a build's way."""
    monkeypatch.setattr(jobs, "DECIDE", 60.0)


@pytest.fixture
def written(call, project, own_engine, ended):
    """Write the project's files, with lines of the user's own in the Dockerfile, and approve."""

    async def write(*lines: str) -> None:
        write_notebook(project / "n.ipynb", "print(6 * 7)")
        status, build = await call("POST", "builds", body={"path": PATH, "write_only": True})
        assert status == 201, build
        done = await ended(build["id"])
        assert (done["state"], done["write_only"]) == ("done", True), done
        assert done["result"]["kernels"] == []
        recipe = project / ".devcontainer" / "Dockerfile"
        own = "".join(f"{line}\n" for line in lines)
        recipe.write_text(recipe.read_text().replace(PYTHON, f"{own}\n{PYTHON}", 1))
        if lines:
            status, told = await call("POST", "builds", body={"path": PATH})
            assert (status, told["code"]) == (409, "untrusted_project")
            assert any(lines[0] in line for line in told["details"])
            assert len((await call("GET", "builds"))[1]["builds"]) == 1
            _, seen = await call("GET", "trust", path=PATH)
            assert [f["state"] for f in seen["files"] if f["path"].endswith("file")] == ["changed"]
            approval = {"path": PATH, "digest": seen["digest"]}
            _, seen = await call("POST", "trust", body=approval)
            assert seen["approved"]

    return write


async def test_the_story(call, project, own_engine, events, ended):
    """Plan, build with the plan's digest, a second page joins, a kernel is there; then a drift."""
    _, fresh = await call("GET", "notebook", path=PATH)
    assert (fresh["kernels"], fresh["build"], fresh["drift"]) == ([], None, [])
    _, plan = await call("GET", "plan", path=PATH)
    assert plan["questions"] == [{"kind": "unresolved", "import": "lab_utils", "cells": [1]}]
    status, build = await call("POST", "builds", body={"path": PATH, "digest": plan["digest"]})
    assert (status, build["state"], build["joined"]) == (201, "running", False), build
    status, same = await call("POST", "builds", body={"path": PATH})
    assert (status, same["id"], same["joined"]) == (200, build["id"], True)
    done = await ended(build["id"])
    assert done["state"] == "done", done
    assert [p["status"] for p in done["phases"]] == ["done"] * 7
    # Where another test has built the same image, nothing of it is built again, or logged.
    assert len(done["log"]["lines"]) == done["log"]["next"] == done["lines"]
    (kernel,) = done["result"]["kernels"]
    assert kernel["display_name"] == "digits · CPU"
    _, told = await call("GET", "notebook", path=PATH)
    assert told["build"] == build["id"]
    assert [k["name"] for k in told["kernels"]] == [kernel["name"]]
    assert told["targets"][0]["bytes"] == done["result"]["bytes"] > 0
    _, images = await call("GET", "images")
    (image,) = images["images"]
    assert image["own_bytes"] < image["bytes"]  # the base is another image's too
    assert (image["own_bytes"] > 0) == has_layers_of_its_own(own_engine, image["id"])
    assert image["id"] == done["result"]["image"]
    assert (image["used"], image["last_used"]) == ("its kernel is registered", None)
    assert images["prunable_bytes"] == 0
    # An import more is not in the image.
    write_notebook(project / "n.ipynb", "import packaging", "import idna")
    _, told = await call("GET", "notebook", path=PATH)
    assert [(d["kind"], d["name"], d["cell"]) for d in told["drift"]] == [("added", "idna", 2)]

    await asyncio.sleep(0.5)
    mine = [e for e in events if e.get("build") == build["id"]]
    seqs = [event["seq"] for event in mine]
    assert seqs == sorted(seqs)
    assert mine[-1]["state"] == "done"
    assert len(mine) <= 5 * done["seconds"] + 10
    assert {"builds", "kernels", "images"} <= {e["what"] for e in events if "what" in e}


async def test_a_failing_build_has_its_cause_and_a_fix(call, written, ended):
    said = "graphviz/x.c:9: fatal error: graphviz/cgraph.h: No such file or directory"
    await written(f"RUN echo '{said}' && exit 7")
    status, build = await call("POST", "builds", body={"path": PATH})
    assert status == 201, build
    failed = await ended(build["id"])
    assert failed["state"] == "failed"
    problem = failed["problem"]
    assert (problem["code"], problem["phase"]) == ("build_step", "System packages")
    assert "graphviz/cgraph.h" in problem["message"]
    assert problem["fix"]["label"] == "Add libgraphviz-dev and retry"
    assert problem["fix"]["edits"] == {"apt": ["libgraphviz-dev"]}
    assert any("cgraph.h" in line for line in problem["log"])
    assert [p["phase"] for p in failed["phases"] if p["status"] == "failed"] == ["System packages"]
    _, told = await call("GET", "builds")
    assert [b["state"] for b in told["builds"]] == ["failed", "done"]


async def test_hostile_output_is_text(call, written, ended, monkeypatch):
    """Escapes, markup, a line of a megabyte, and a secret of the server's environment."""
    monkeypatch.setenv("MY_API_TOKEN", "s3cr3t-t0ken")
    await written(
        r"RUN printf '\033[31mred\033[0m\033]0;title\007 <b>bold</b> s3cr3t-%s\n' t0ken "
        "&& head -c 1000000 /dev/zero | tr '\\0' x && exit 3"
    )
    _, build = await call("POST", "builds", body={"path": PATH})
    failed = await ended(build["id"])
    assert failed["state"] == "failed"
    lines = failed["log"]["lines"]
    assert "red <b>bold</b> ***" in lines
    assert max(map(len, lines)) <= 2000
    assert "s3cr3t-t0ken" not in str(failed)
    assert "\x1b" not in str(failed)


async def test_cancel(call, written, ended, own_engine, tmp_path):
    # Not twice the same: an engine that once finished these seconds would have them in its cache.
    await written(f"RUN sleep 300 # {tmp_path} {time.time_ns()}")
    _, build = await call("POST", "builds", body={"path": PATH})
    for _ in range(300):
        _, told = await call("GET", "builds", build["id"])
        running = [p["phase"] for p in told["phases"] if p["status"] == "running"]
        if "System packages" in running:
            break
        await asyncio.sleep(0.1)
    else:
        pytest.fail(f"the build never came to the user's line: {told['phases']}")
    status, told = await call("DELETE", "builds", build["id"])
    assert (status, told["state"]) == (202, "running")
    ended_build = await ended(build["id"], 30)
    assert ended_build["state"] == "cancelled"
    assert ended_build["problem"]["code"] == "cancelled"
    assert (await call("DELETE", "builds", build["id"]))[0] == 200
    assert (await call("GET", "notebook", path=PATH))[1]["kernels"] == []


async def test_another_plan_than_the_one_that_was_shown_is_not_written(call, project, own_engine):
    _, plan = await call("GET", "plan", path=PATH)
    write_notebook(project / "n.ipynb", "import idna")
    body = {"path": PATH, "digest": plan["digest"]}
    status, told = await call("POST", "builds", body=body)
    assert (status, told["code"]) == (409, "plan_changed")
    assert not (project / ".devcontainer").exists()
    assert (await call("GET", "builds"))[1]["builds"] == []


async def test_a_hand_edit_that_conflicts_is_a_question(call, project, written, ended):
    await written()
    recipe = project / ".devcontainer" / "Dockerfile"
    recipe.write_text(recipe.read_text().replace("ARG BASE=python", "ARG BASE=mine/python"))
    _, seen = await call("GET", "trust", path=PATH)
    await call("POST", "trust", body={"path": PATH, "digest": seen["digest"]})
    edits = {"python": "3.12"}
    _, plan = await call("POST", "plan", body={"path": PATH, "edits": edits})
    assert {"kind": "conflict", "files": [".devcontainer/Dockerfile"]} in plan["questions"]
    body = {"path": PATH, "edits": edits, "digest": plan["digest"], "write_only": True}
    status, told = await call("POST", "builds", body=body)
    assert (status, told["code"]) == (409, "conflict")
    body["edits"] = {**edits, "keep_mine": True}
    status, build = await call("POST", "builds", body=body)
    assert status == 201, build
    assert (await ended(build["id"]))["state"] == "done"
    assert "mine/python" in (project / ".devcontainer" / "Dockerfile.yours").read_text()


async def test_a_module_outside_the_project_is_a_question(call, project, own_engine, ended):
    (project.parent / "lab_utils.py").write_text("import idna\n")
    write_notebook(project / "n.ipynb", "import sys; sys.path.append('..')\nimport lab_utils")
    (project / "pyproject.toml").write_text("")
    _, plan = await call("GET", "plan", path=PATH)
    (question,) = plan["questions"]
    assert (question["kind"], question["name"]) == ("outside", "lab_utils")
    body = {"path": PATH, "write_only": True}
    status, told = await call("POST", "builds", body=body)
    assert (status, told["code"]) == (409, "outside_module")
    _, build = await call("POST", "builds", body={**body, "edits": {"pack": ["lab_utils"]}})
    done = await ended(build["id"])
    assert done["state"] == "done"
    assert any("lab_utils" in path for path in done["result"]["files"])
