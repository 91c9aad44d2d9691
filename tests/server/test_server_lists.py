"""Kernels, boxes, images, prune, doctor, trust, what boxes ask for, and packages."""

from __future__ import annotations

import time

import pytest
from notebooks import write_notebook

from jupyter_devbox.ledger.asks import Asks
from jupyter_devbox.run.kernelspec import install_kernelspec
from jupyter_devbox.workflow.asking import Asker, BoxAnswers
from jupyter_devbox.workflow.context import this_machine

PATH = "digits/n.ipynb"


async def test_nothing_was_made_yet(call):
    assert await call("GET", "kernels") == (200, {"kernels": []})
    assert (await call("GET", "boxes"))[1]["boxes"] == []
    _, images = await call("GET", "images")
    assert (images["images"], images["bytes"], images["prunable_bytes"]) == ([], 0, 0)
    assert await call("GET", "asks") == (200, {"asks": []})
    assert await call("GET", "builds") == (200, {"builds": []})
    _, pruned = await call("POST", "prune", body={"dry_run": True})
    assert pruned == {"removed": [], "kept": [], "dry_run": True}


async def test_doctor(call):
    _, told = await call("GET", "doctor")
    assert {"uv", "engine", "buildx", "provisioner"} <= {check["name"] for check in told["checks"]}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "builds/x"), ("DELETE", "builds/x"), ("POST", "asks/x"), ("GET", "builds/..")],
)
async def test_what_is_not_there(call, method, path):
    body = {"accept": True} if method == "POST" else None
    status, told = await call(method, *path.split("/"), body=body)
    assert (status, told["code"]) == (404, "not_found")


@pytest.mark.docker
async def test_a_box_that_is_not_there(call, own_engine):
    status, told = await call("DELETE", "boxes", "0123456789ab")
    assert (status, told["code"]) == (404, "not_found")


async def test_what_cannot_be_done_says_what_can(call, jp_fetch):
    status, told = await call("PUT", "plan", body={})
    assert (status, told["code"]) == (405, "bad_request")


async def test_prune_removes_and_tells(call, events, tmp_path):
    context = this_machine()
    ours = {"target": "venv", "project": str(tmp_path / "gone")}
    content = {"argv": ["x"], "display_name": "gone · venv", "metadata": {"jupyter_devbox": ours}}
    install_kernelspec(context.kernels, "devbox-gone-1-venv", content)
    context.ledger.record("kernelspec", "devbox-gone-1-venv", project=ours["project"])
    _, told = await call("GET", "kernels")
    assert [k["name"] for k in told["kernels"]] == ["devbox-gone-1-venv"]
    _, dry = await call("POST", "prune", body={"dry_run": True})
    assert [(t["kind"], t["id"]) for t in dry["removed"]] == [("kernelspec", "devbox-gone-1-venv")]
    assert len((await call("GET", "kernels"))[1]["kernels"]) == 1
    _, done = await call("POST", "prune", body={"dry_run": False})
    assert done["removed"] == dry["removed"]
    assert (await call("GET", "kernels"))[1]["kernels"] == []
    status, told = await call("POST", "prune", body={})
    assert (status, told["code"]) == (400, "bad_request")


async def test_trust_is_given_for_what_was_shown(call, project):
    folder = project / ".devcontainer"
    folder.mkdir()
    (folder / "devcontainer.json").write_text('{"image": "x\\u001b[2J", "privileged": true}')
    _, seen = await call("GET", "trust", path=PATH)
    assert seen["approved"] is False
    assert [(f["path"], f["state"]) for f in seen["files"]] == [
        (".devcontainer/devcontainer.json", "new")
    ]
    image, privileged = seen["findings"]
    assert (image["kind"], image["blocking"], image["allowed"]) == ("image", True, False)
    assert (privileged["kind"], privileged["blocking"]) == ("privileged", False)
    assert "\x1b" not in str(seen)

    answer = {"path": PATH, "digest": seen["digest"], "allow": [image["id"], privileged["id"]]}
    (folder / "Dockerfile").write_text("FROM elsewhere\n")
    status, told = await call("POST", "trust", body=answer)
    assert (status, told["code"]) == (409, "trust_changed")
    _, seen = await call("GET", "trust", path=PATH)
    assert len(seen["files"]) == 2

    answer["digest"] = seen["digest"]
    status, told = await call("POST", "trust", body={**answer, "allow": ["000000"]})
    assert (status, told["code"]) == (400, "usage")
    status, told = await call("POST", "trust", body=answer)
    assert (status, told["approved"]) == (200, True)
    assert all(finding["allowed"] for finding in told["findings"])
    assert {f["state"] for f in told["files"]} == {"approved"}
    status, told = await call("POST", "trust", body=answer)
    assert (status, told["code"]) == (409, "trust_changed"), (
        "the same words, said of something else"
    )


# --- what boxes ask for ---------------------------------------------------------------------------


def put(project: str, **more: object) -> str:
    asks = Asks(this_machine().data / "asks", time.time())
    values = {"box": "b\x1b[2J", "verb": "containerize", "notebook": "n.ipynb", "digest": "d"}
    return asks.add(project=project, **{**values, "diff": ("+x",), **more}).id


async def test_asks_are_shown_and_refused(call, project, tmp_path):
    mine = put(str(project))
    put(str(tmp_path / "elsewhere"))
    put(str(project), notebook="../../elsewhere/secret.ipynb")
    _, told = await call("GET", "asks")
    (ask,) = told["asks"]
    assert (ask["id"], ask["project"]["name"], ask["diff"]) == (mine, "digits", ["+x"])
    assert ask["box"] == "b\\x1b[2J"
    assert ask["asked"].endswith("Z")
    assert await call("POST", "asks", mine, body={"accept": False}) == (
        200,
        {"state": "refused", "build": None},
    )
    assert await call("GET", "asks") == (200, {"asks": []})
    assert (await call("POST", "asks", mine, body={"accept": True}))[0] == 404


@pytest.mark.docker
@pytest.mark.network
@pytest.mark.slow
async def test_an_ask_that_is_accepted_is_a_build(call, project, own_engine, ended):
    write_notebook(project / "n.ipynb", "import packaging")
    asker = Asker(box="b", project=project, workspace="/workspaces/digits")
    reply = BoxAnswers(this_machine(), asker)(
        b'{"verb": "containerize", "notebook": "/workspaces/digits/n.ipynb"}'
    )
    assert reply.state == "waiting", reply
    _, told = await call("GET", "asks")
    (ask,) = told["asks"]
    assert any("packaging" in line for line in ask["diff"])
    status, told = await call("POST", "asks", ask["id"], body={"accept": True})
    assert (status, told["state"]) == (200, "accepted")
    done = await ended(told["build"]["id"])
    assert done["state"] == "done", done
    assert (await call("GET", "asks"))[1]["asks"] == []


# --- packages -------------------------------------------------------------------------------------


@pytest.mark.network
@pytest.mark.parametrize(
    ("typed", "known"), [("Idna>=3", True), ("docopt", True), ("no-such-package-jdb", False)]
)
async def test_a_package_is_looked_up(call, typed, known):
    status, told = await call("GET", "package", name=typed)
    assert (status, told["known"]) == (200, known), told
    assert (told["version"] is not None) is (typed == "Idna>=3")
    if typed == "Idna>=3":
        assert told["name"] == "idna"
        assert "Internationalized" in told["summary"] or told["summary"] == ""


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("not a name!", "requirement"),
        ("", "bad_request"),
        ("x" * 300, "bad_request"),
        ("x @ https://evil.example/x.whl", "requirement"),
    ],
)
async def test_what_is_no_package(call, typed, code):
    status, told = await call("GET", "package", name=typed)
    assert (status, told["code"]) == (400, code)


async def test_share_says_why_there_is_no_link_yet(call, project):
    status, told = await call("GET", "share", path=PATH)
    assert status == 200
    assert told["project"] == {"name": "digits", "root": str(project.resolve())}
    assert told["repository"] is None
    assert {offer["url"] for offer in told["offers"]} == {None}
    assert all(offer["reason"] and offer["command"] for offer in told["offers"])
    status, told = await call("GET", "share", path="gone.ipynb")
    assert (status, told["code"]) == (404, "not_found")
