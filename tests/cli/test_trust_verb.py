"""`jupyter devbox trust`: what it shows, what it changes, how it ends."""

from __future__ import annotations

import time

import pytest

from jupyter_devbox.ledger.asks import Asks

CONFIG = '{\n  "privileged": true, "features": {"x": {}}, "initializeCommand": "id"\n}\n'


@pytest.fixture
def clone(project):
    (project / ".devcontainer").mkdir()
    (project / ".devcontainer" / "devcontainer.json").write_text(CONFIG)
    return project


def test_a_project_without_files_is_fine(devbox):
    said = devbox("trust")
    assert said.code == 0
    assert "no files that a build would read" in said.out


def test_it_shows_and_changes_nothing(devbox, clone):
    for _ in range(2):
        said = devbox("trust")
        assert said.code == 44
        assert "new       .devcontainer/devcontainer.json" in said.out
        assert '+  "privileged": true' in said.out
        assert "/privileged: is root on this machine" in said.out
        assert "/initializeCommand: runs a command on this machine itself" in said.out
        assert "jupyter devbox trust --approve" in said.out
        assert "Not approved" in said.out


def test_each_answer_by_itself(devbox, clone):
    told = devbox("trust", "--approve", "--json")
    assert told.code == 44
    assert [f["state"] for f in told.json["files"]] == ["approved"]
    found = {f["key"]: f for f in told.json["findings"]}
    assert found["/features"]["needed"]
    assert found["/privileged"] == {
        "id": found["/privileged"]["id"], "key": "/privileged", "value": "true",
        "file": ".devcontainer/devcontainer.json", "taken": True, "needed": False,
        "says": "is root on this machine, with all devices", "allowed": False,
    }  # fmt: skip
    said = devbox("trust", "--allow", found["/features"]["id"])
    assert said.code == 0
    assert "Approved: nothing stands in the way" in said.out
    assert "not allowed: the box does without" in said.out
    said = devbox("trust", "--allow", found["/privileged"]["id"], "--json")
    assert [f["allowed"] for f in said.json["findings"] if f["key"] == "/privileged"] == [True]
    said = devbox("trust", "--forget")
    assert (said.code, said.out) == (0, "Withdrawn.\n")
    assert devbox("trust").code == 44


def test_what_boxes_ask_for_is_shown_and_refused(devbox, clone, tmp_path):
    asks = Asks(tmp_path / "home" / "data" / "devbox" / "asks", time.time())
    ask = asks.add(
        project="/elsewhere", box="devbox-\x1b[2Jlab", verb="containerize", notebook="n.ipynb",
        diff=("+numpy==2\x1b[31m",), digest="d",
    )  # fmt: skip
    said = devbox("trust")
    assert r"Box devbox-\x1b[2Jlab of /elsewhere asks for: containerize n.ipynb" in said.out
    assert r"+numpy==2\x1b[31m" in said.out
    assert f"--accept {ask.id}" in said.out
    assert devbox("trust", "--json").json["asks"][0]["id"] == ask.id
    # Where there is no project, it is shown all the same.
    home = devbox("trust", "--json", cwd=tmp_path / "home")
    assert (home.code, len(home.json["asks"])) == (0, 1)
    assert devbox("trust", "--refuse", ask.id).out == "Refused: containerize n.ipynb\n"
    assert devbox("trust", "--json").json["asks"] == []
    assert devbox("trust", "--accept", ask.id).code == 2
    assert devbox("trust", cwd=tmp_path / "home").code == 21


@pytest.mark.parametrize("words", [("--allow", "nothing"), ("--forget", "--approve"), ("--yes",)])
def test_what_it_does_not_understand(devbox, clone, words):
    assert devbox("trust", *words).code == 2
    assert devbox("trust").code == 44


def test_a_broken_configuration(devbox, clone):
    (clone / ".devcontainer" / "devcontainer.json").write_text("{")
    assert devbox("trust", "--approve").code == 42
