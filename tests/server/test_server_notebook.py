"""GET about, notebook and plan: what the panel shows before anything is built."""

from __future__ import annotations

import json
from importlib.metadata import version

import pytest
from jupyter_server.services.contents.manager import ContentsManager
from notebooks import write_notebook

from jupyter_devbox._version import __version__

PATH = "digits/n.ipynb"


async def test_about(call):
    assert await call("GET", "about") == (200, {"version": __version__, "api": 1})


async def test_a_fresh_notebook(call, project):
    status, told = await call("GET", "notebook", path=PATH)
    assert status == 200
    assert told["path"] == PATH
    assert told["project"] == {"name": "digits", "root": str(project)}
    assert told["uses"] == {
        "packages": 1,
        "apt": [],
        "unresolved": [{"import": "lab_utils", "cells": [1]}],
        "source": "environment",
    }
    assert (told["kernels"], told["drift"], told["kernel"], told["build"]) == ([], [], None, None)
    assert told["approved"] is True
    assert [(t["target"], t["label"]) for t in told["targets"]] == [
        ("cpu", "CPU"),
        ("cuda", "CUDA"),
        ("venv", "venv"),
    ]


async def test_a_version_that_moved_is_named_with_the_one_before(call, project):
    folder = project / ".devcontainer"
    folder.mkdir()
    line = 'packaging==20.0  # import: packaging; notebooks: ["n.ipynb"]\n'
    (folder / "requirements.in").write_text(line, encoding="utf-8")
    write_notebook(project / "n.ipynb", "import packaging")
    _, told = await call("GET", "notebook", path=PATH)
    assert told["drift"] == [
        {
            "kind": "changed",
            "name": "packaging",
            "version": version("packaging"),
            "pinned": "==20.0",
            "cell": 1,
        }
    ]


@pytest.mark.network
async def test_a_plan_and_its_edits(call, project):
    cells = ("import packaging\nimport lab_utils", "!ffmpeg -i a.mp4", "%pip install -q idna")
    write_notebook(project / "n.ipynb", *cells)
    _, plan = await call("GET", "plan", path=PATH)
    rows = {row["name"]: row for row in plan["requirements"]}
    assert set(rows) == {"idna", "packaging"}
    assert rows["packaging"]["detail"] == "Imported in cell 1"
    assert (rows["packaging"]["notable"], rows["packaging"]["included"]) == (False, True)
    assert rows["idna"]["detail"] == "Installed in cell 3, never imported"
    assert rows["idna"]["notable"] is True
    assert plan["apt"] == [{"name": "ffmpeg", "reason": "For ffmpeg", "included": True}]
    assert plan["questions"] == [{"kind": "unresolved", "import": "lab_utils", "cells": [1]}]
    assert {f["state"] for f in plan["files"]} == {"new"}
    assert any(line.startswith("+packaging==") for line in plan["diff"])
    assert [t["target"] for t in plan["targets"] if t["chosen"]] == ["cpu"]
    assert plan["estimated_bytes"] > 10**7
    assert plan["needed_bytes"] >= plan["estimated_bytes"]
    assert plan["limits"] == dict.fromkeys(("memory", "cpus", "shm_size", "pids", "gpus"))

    edits = {
        "exclude": ["idna"],
        "exclude_apt": ["ffmpeg"],
        "include": ["six"],
        "provides": {"lab_utils": "filelock", "other": ""},
        "memory": "4g",
        "cpus": "2",
        "targets": ["cpu", "venv"],
    }
    status, edited = await call("POST", "plan", body={"path": PATH, "edits": edits})
    assert status == 200, edited
    included = {row["name"]: row["included"] for row in edited["requirements"]}
    assert included == {"filelock": True, "idna": False, "packaging": True, "six": True}
    details = {row["name"]: row["detail"] for row in edited["requirements"]}
    assert details["six"] == "You added it"
    assert edited["apt"] == [{"name": "ffmpeg", "reason": "For ffmpeg", "included": False}]
    assert edited["questions"] == []
    limits = {"memory": "4g", "cpus": "2", "shm_size": None, "pids": None, "gpus": None}
    assert edited["limits"] == limits
    assert [t["target"] for t in edited["targets"] if t["chosen"]] == ["cpu", "venv"]
    assert edited["digest"] != plan["digest"]
    assert (await call("GET", "plan", path=PATH))[1]["digest"] == plan["digest"]
    assert (plan["notebooks"], plan["groups"], plan["savings"]) == (["n.ipynb"], {}, None)
    body = {"path": PATH, "edits": {"split": "each"}}
    _, split = await call("POST", "plan", body=body)
    assert (split["group"], split["groups"]) == ("n", {"n": ["n.ipynb"]})
    assert split["savings"]["groups"][0]["group"] == "n"
    assert not (project / ".devcontainer").exists()


@pytest.mark.network
@pytest.mark.parametrize(
    ("own", "asked", "planned"),
    [
        ("", {}, "all"), ("", {"gpus": " 0,1 "}, "0,1"), ('["--gpus=device=1"]', {}, "1"),
        ('["--gpus=device=1"]', {"gpus": "all"}, "all"), ("", {"gpus": "MIG-2a/1/0"}, "MIG-2a/1/0"),
    ],
)  # fmt: skip
async def test_the_cards_of_a_planned_twin(call, project, own, asked, planned):
    write_notebook(project / "n.ipynb", "import packaging")
    if own:
        folder = project / ".devcontainer" / "cuda"
        folder.mkdir(parents=True)
        (folder / "devcontainer.json").write_text(f'{{"runArgs": {own}}}')
    edits = {"targets": ["cpu", "cuda"], **asked}
    status, plan = await call("POST", "plan", body={"path": PATH, "edits": edits})
    assert status == 200, plan
    assert plan["limits"]["gpus"] == planned
    assert any('"gpus"' in line for line in plan["diff"]) == bool(asked)


async def test_an_unapproved_project_can_be_looked_at(call, project):
    folder = project / ".devcontainer"
    folder.mkdir()
    (folder / "devcontainer.json").write_text('{"privileged": true}')
    _, told = await call("GET", "notebook", path=PATH)
    assert told["approved"] is False
    status, told = await call("POST", "builds", body={"path": PATH, "write_only": True})
    assert (status, told["code"]) == (409, "untrusted_project")
    assert any("privileged" in line for line in told["details"])


@pytest.mark.parametrize(
    ("content", "code"),
    [("", "notebook"), ("{", "notebook"), ('{"nbformat": 2}', "notebook"), ("[]", "notebook")],
)
async def test_a_file_that_is_no_notebook(call, project, content, code):
    (project / "n.ipynb").write_text(content)
    for what in ("notebook", "plan"):
        status, told = await call("GET", what, path=PATH)
        assert (status, told["code"]) == (409, code)


async def test_a_notebook_that_was_never_saved(call, project):
    status, told = await call("GET", "notebook", path="digits/Untitled.ipynb")
    assert (status, told["code"]) == (404, "not_found")
    assert told["hint"] == "save this notebook first"


async def test_a_notebook_right_in_home(call, jp_root_dir, monkeypatch):
    write_notebook(jp_root_dir / "n.ipynb", "1")
    monkeypatch.setenv("HOME", str(jp_root_dir))
    status, told = await call("GET", "notebook", path="n.ipynb")
    assert (status, told["code"]) == (409, "project")


async def test_a_broken_configuration(call, project):
    (project / ".devcontainer").mkdir()
    (project / ".devcontainer" / "devcontainer.json").write_text("{")
    status, told = await call("GET", "notebook", path=PATH)
    assert (status, told["code"]) == (409, "configuration")


class Elsewhere(ContentsManager):
    """Keeps notebooks somewhere that is no disk of this server's."""

    root_dir = "/"


async def test_where_notebooks_are_elsewhere_it_says_so(call, jp_serverapp):
    jp_serverapp.web_app.settings["contents_manager"] = Elsewhere(parent=jp_serverapp)
    for method, what in (
        ("GET", "notebook"),
        ("GET", "plan"),
        ("GET", "trust"),
        ("POST", "builds"),
    ):
        body = {"path": PATH} if method == "POST" else None
        status, told = await call(method, what, body=body, path=PATH)
        assert (status, told["code"]) == (501, "not_available")
        assert told["hint"]


async def test_an_error_of_ours_shows_no_traceback(call, project, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("a bug of ours")

    monkeypatch.setattr("jupyter_devbox.server.resources.notebook.notebook_state", fail)
    status, told = await call("GET", "notebook", path=PATH)
    assert (status, told["code"]) == (500, "unexpected")
    assert "Traceback" not in json.dumps(told)
    assert "bug" not in told["message"]
