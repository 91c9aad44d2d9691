"""Verbs that work without an engine: what they print, and how they end."""

from __future__ import annotations

import json
import stat
import subprocess

import nbformat
import pytest


def broken(project, text):
    path = project / "x.ipynb"
    path.write_text(text)
    return path.name


# --- capture -----------------------------------------------------------------------------


def test_capture_says_what_is_used(devbox, notebook):
    said = devbox("capture", notebook.name)
    assert said.code == 0
    assert said.out.startswith(f"{notebook.name} uses ")
    assert "nbformat" in said.out
    assert "helpers.py" in said.out
    assert "lab_utils_of_nobody (cell 2)" in said.out


def test_capture_as_json_is_one_object(devbox, notebook, project):
    before = sorted(project.iterdir())
    said = devbox("capture", notebook.name, "--json")
    assert said.code == 0
    facts = said.json
    assert facts["schema"] == 1
    assert [r["name"] for r in facts["requirements"]] == ["nbformat"]
    assert facts["requirements"][0]["version"] == nbformat.__version__
    assert [m["name"] for m in facts["local_modules"]] == ["helpers"]
    assert facts["unresolved"] == [{"import": "lab_utils_of_nobody", "cells": [2]}]
    assert sorted(project.iterdir()) == before


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("not json", 11), ('{"cells": [', 11), ("[]", 11), ("{}", 11),
        ('{"nbformat": 3, "nbformat_minor": 0, "worksheets": [], "metadata": {}}', 11),
        (json.dumps({"nbformat": 4, "nbformat_minor": 5, "cells": [], "metadata": {
            "kernelspec": {"name": "ir", "language": "R", "display_name": "R"},
            "language_info": {"name": "R"}}}), 12),
    ],
)  # fmt: skip
def test_what_cannot_be_captured(devbox, project, text, code):
    said = devbox("capture", broken(project, text), "--json")
    assert said.code == code
    assert said.json["error"]["message"] in said.err.replace("\n", " ")
    assert said.json["error"]["hint"]


def test_a_notebook_that_is_not_there(devbox):
    said = devbox("capture", "gone.ipynb")
    assert said.code == 11
    assert "`gone.ipynb`" in said.err


# --- status, kernel, prune, doctor -----------------------------------------------------------


def test_status_of_a_new_project(devbox, project):
    said = devbox("status", "--json")
    assert said.code == 0
    assert said.json == {**said.json, "notebooks": [], "boxes": [], "drift": False}
    text = devbox("status").out
    assert str(project) in text
    assert "Next: jupyter devbox containerize" in text


def test_status_of_a_broken_project(devbox, project):
    (project / ".devcontainer").mkdir()
    (project / ".devcontainer" / "devcontainer.json").write_text('{\n "a" 1}')
    said = devbox("status", "--json")
    assert said.code == 42
    assert said.json["error"]["code"] == "configuration"
    assert "line 2, column 6" in said.json["error"]["message"]


def test_no_kernels_yet(devbox):
    assert devbox("kernel", "list", "--json").json == {"kernels": []}
    assert "Next: jupyter devbox containerize" in devbox("kernel").out


def test_kernels_of_ours_are_listed_and_removed_and_others_left_alone(devbox, tmp_path):
    kernels = tmp_path / "home" / "data" / "kernels"
    for name, ours in (
        ("devbox-theirs", {}),
        ("devbox-ours", {"target": "venv", "project": "/p", "image": None}),
    ):
        (kernels / name).mkdir(parents=True)
        content = {"argv": ["x"], "display_name": "mine!", "language": "python",
                   "metadata": {"jupyter_devbox": ours} if ours else {}}  # fmt: skip
        (kernels / name / "kernel.json").write_text(json.dumps(content))
    assert devbox("kernel", "list", "--json").json["kernels"] == [
        {
            "name": "devbox-ours",
            "target": "venv",
            "project": "/p",
            "image": None,
            "display_name": "mine!",
        },
    ]
    assert "mine!" in devbox("kernel", "list").out
    assert devbox("kernel", "remove", "devbox-theirs").code == 70
    assert devbox("kernel", "remove", "devbox-ours", "--json").json == {"removed": ["devbox-ours"]}
    assert [path.name for path in kernels.iterdir()] == ["devbox-theirs"]


def test_prune_where_nothing_was_made(devbox):
    assert devbox("prune", "--json").json == {"removed": [], "kept": [], "dry_run": True}
    assert devbox("prune", "--all", "--yes", "--json").json["dry_run"] is False


def test_doctor_names_what_is_missing_and_the_command_that_mends_it(devbox):
    said = devbox("doctor", "--json")
    assert said.code == 1
    assert said.json["ok"] is False
    checks = {check["name"]: check for check in said.json["checks"]}
    assert checks["uv"]["ok"]
    assert not checks["engine"]["ok"]
    assert checks["engine"]["hint"]
    text = devbox("doctor")
    assert text.code == 1
    assert f"Next: {checks['engine']['hint']}" in text.out


# --- containerize, as far as it goes here --------------------------------------------------------


def test_without_an_engine_there_are_other_ways(devbox, notebook, project):
    said = devbox("containerize", notebook.name, "--json")
    assert 50 <= said.code < 60
    assert said.json["error"]["hint"]
    assert "--target venv" in said.err
    assert "--no-build" in said.err
    assert """'train it'"'"'s.ipynb'""" in said.err
    assert not (project / ".devcontainer").exists()


def test_a_project_from_elsewhere_is_not_touched(devbox, notebook, project):
    (project / ".devcontainer").mkdir()
    (project / ".devcontainer" / "devcontainer.json").write_text('{"image": "evil:1"}')
    for flag in ("--no-build", "--yes"):
        said = devbox("containerize", notebook.name, "--target", "venv", flag, "--json")
        assert said.code == 44
        assert said.json["error"]["code"] == "untrusted_project"
        assert "evil:1" in "".join(said.json["error"]["details"])
    assert [p.name for p in (project / ".devcontainer").iterdir()] == ["devcontainer.json"]


def test_a_notebook_in_home_needs_a_folder(devbox, notebook, tmp_path):
    home = tmp_path / "home"
    (home / "x.ipynb").write_text(notebook.read_text())
    said = devbox("containerize", "x.ipynb", "--no-build", "--json", cwd=home)
    assert said.code == 21
    assert "--yes" in said.json["error"]["hint"]


def test_strict_stops_at_an_unknown_import(devbox, notebook, project):
    said = devbox("containerize", notebook.name, "--no-build", "--strict", "--json")
    assert said.code == 13
    assert "lab_utils_of_nobody" in said.json["error"]["message"]
    assert not (project / ".devcontainer").exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--apt", "x;rm"),
        ("--python", "3.1"),
        ("--base", "python:latest"),
        ("--include", "-r x"),
        ("--port", "0"),
    ],
)
def test_options_that_are_not_well_formed(devbox, notebook, project, option, value):
    said = devbox("containerize", notebook.name, "--no-build", f"{option}={value}", "--json")
    assert said.code == 23
    assert value in said.json["error"]["message"]
    assert not (project / ".devcontainer").exists()


@pytest.mark.network
@pytest.mark.slow
def test_files_are_written_once_and_then_left_alone(devbox, notebook, project):
    written = devbox("containerize", notebook.name, "--no-build", "--json")
    assert written.code == 0, written.err
    folder = project / ".devcontainer"
    assert sorted(written.json["files"])[:2] == [
        ".devcontainer/Dockerfile",
        ".devcontainer/devcontainer.json",
    ]
    assert written.json["image"] is None
    assert written.json["kernels"] == []
    assert [u["import"] for u in written.json["unresolved"]] == ["lab_utils_of_nobody"]
    assert str(project.parent) not in (folder / "Dockerfile").read_text()
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in folder.rglob("*") if p.is_file()}

    again = devbox("containerize", notebook.name, "--no-build", "--json")
    assert (again.code, again.json["files"]) == (0, [])
    after = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in folder.rglob("*") if p.is_file()}
    assert after == before

    diff = devbox("containerize", notebook.name, "--diff", "--apt", "tini")
    assert "+ && apt-get" in diff.out
    assert (folder / "Dockerfile").read_bytes() == before[folder / "Dockerfile"][1]

    plan = devbox("plan", notebook.name, "--json")
    assert plan.code == 0
    assert f"nbformat=={nbformat.__version__}" in plan.json["requirements"]
    assert all(decision["reason"] for decision in plan.json["decisions"])

    dockerfile = folder / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("useradd", "useradd --no-log-init"))
    assert devbox("containerize", notebook.name, "--no-build").code == 44
    assert devbox("trust", "--approve").code == 0
    conflict = devbox("containerize", notebook.name, "--no-build", "--apt", "tini")
    assert conflict.code == 41
    assert "(yours)" in conflict.err
    assert "tini" not in dockerfile.read_text()
    taken = devbox("containerize", notebook.name, "--no-build", "--apt", "tini", "--yes")
    assert taken.code == 0, taken.err
    assert "useradd --no-log-init" in (folder / "Dockerfile.yours").read_text()

    drift = devbox("status", "--json")
    assert drift.json["notebooks"][0]["missing"] == []


# --- streams ---------------------------------------------------------------------------------


def test_a_terminal_without_unicode_gets_words(devbox, notebook):
    said = devbox("doctor", env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert said.out.isascii()
    assert "ok uv" in said.out
    assert "failed engine" in said.out


def test_names_that_no_stream_can_show_end_nothing(devbox, notebook, project):
    odd = project / "caf\udce9, é.ipynb"
    odd.write_text(notebook.read_text())
    assert devbox("capture", odd.name, env={"PYTHONIOENCODING": "ascii"}).code == 0
    said = devbox("capture", odd.name, "--json", env={"PYTHONIOENCODING": "utf-8"})
    assert said.code == 0
    assert said.out.isascii()


def test_a_data_folder_that_cannot_be_written(devbox, notebook, tmp_path):
    """Root may write anywhere, so the folder is a file here."""
    (tmp_path / "home" / "data").write_text("")
    said = devbox("kernel", "list", "--json")
    assert said.code == 0
    assert stat.S_ISREG((tmp_path / "home" / "data").stat().st_mode)


# --- share -----------------------------------------------------------------------------------


def test_share_without_files_or_a_repository(devbox, project):
    said = devbox("share")
    assert said.code == 0
    assert said.out.count("No container files are written yet.") == 3
    assert "Next: jupyter devbox containerize NOTEBOOK.ipynb --binder" in said.out
    assert f"devpod up {project}" in said.out
    told = devbox("share", "--json").json
    assert (told["project"], told["repository"]) == (str(project), None)
    assert [offer["id"] for offer in told["offers"]] == ["vscode", "codespaces", "devpod", "binder"]
    assert all(offer["reason"] and offer["command"] for offer in told["offers"])


def test_share_of_a_pushed_project(devbox, project):
    def git(*words):
        who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.invalid")
        subprocess.run(["git", "-C", str(project), *who, *words], check=True, capture_output=True)

    (project / ".devcontainer").mkdir()
    (project / ".devcontainer" / "devcontainer.json").write_text('{"image": "x"}')
    git("init", "--quiet", "--initial-branch", "main")
    git("remote", "add", "origin", "https://ada:ghp_secret@github.com/ada/digits.git")
    git("add", ".")
    git("commit", "--quiet", "--message", "all")
    assert "No link yet. The last commit is not pushed.\n  Next: git push\n" in devbox("share").out
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    said = devbox("share")
    assert "Repository https://github.com/ada/digits, branch main\n" in said.out
    assert "  https://codespaces.new/ada/digits\n" in said.out
    assert "For your README:\n[![Open in Dev Containers](" in said.out
    assert "secret" not in said.out + devbox("share", "--json").out


def test_share_of_a_broken_project(devbox, project):
    (project / ".devcontainer").mkdir()
    (project / ".devcontainer" / "devcontainer.json").write_text('{\n "image": "x"\n "init": true}')
    said = devbox("share", "--json")
    assert said.code == 42
    assert (
        '.devcontainer/devcontainer.json is broken at line 2, column 14: "," expected' in said.err
    )
