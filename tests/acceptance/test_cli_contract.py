"""What other programs rely on: verbs, keys and exit codes (DESIGN, contracts)."""

from __future__ import annotations

from pathlib import Path

import pytest
from machine import TRACE, assert_shape, interrupt, wait_for, write_notebook

from jupyter_devbox.engine.base import Engine

TEXT = str
MAYBE = (str, None)
AMOUNT = (int, None)
USE = {
    "memory": AMOUNT, "memory_limit": AMOUNT, "cpus": (float, None), "cpus_limit": (float, None),
    "pids": AMOUNT, "pids_limit": AMOUNT,
}  # fmt: skip
SHAPES = {
    "containerize": {
        "project": TEXT,
        "files": [TEXT],
        "image": MAYBE,
        "kernels": [{"name": TEXT, "target": TEXT}],
        "unresolved": [{"import": TEXT, "cells": [int]}],
        "warnings": [{"code": TEXT, "message": TEXT, "cell": (int, None)}],
    },
    "capture": {
        "schema": int,
        "python": TEXT,
        "platform": TEXT,
        "requirements": [
            {
                "name": TEXT,
                "version": MAYBE,
                "extras": [TEXT],
                "imports": [TEXT],
                "reason": TEXT,
                "source": TEXT,
                "url": MAYBE,
            }
        ],
        "apt": [{"name": TEXT, "reason": TEXT}],
        "local_modules": [{"name": TEXT, "path": TEXT}],
        "unresolved": [{"import": TEXT, "cells": [int]}],
        "warnings": [{"code": TEXT, "message": TEXT, "cell": (int, None)}],
    },
    "plan": {
        "target": TEXT,
        "python": TEXT,
        "base_image": {"ref": TEXT, "reason": TEXT},
        "requirements": [TEXT],
        "indexes": [TEXT],
        "apt": [TEXT],
        "accelerator": None,
        "estimated_bytes": int,
        "decisions": [{"what": TEXT, "choice": TEXT, "reason": TEXT}],
    },
    "kernel list": {
        "kernels": [
            {
                "name": TEXT,
                "target": TEXT,
                "project": TEXT,
                "image": MAYBE,
                "display_name": TEXT,
            }
        ]
    },
    "status": {
        "notebooks": [{"path": TEXT, "missing": [TEXT], "unused": [TEXT], "changed": [TEXT]}],
        "boxes": [
            {
                "id": TEXT,
                "target": TEXT,
                "stale": bool,
                "kernels": int,
                "use": (USE, None),
                "added": [{"name": TEXT, "version": TEXT}],
                "removed": [TEXT],
                "apt": [TEXT],
            }
        ],
        "base": ({"ref": TEXT, "days": int, "newer": bool}, None),
        "drift": bool,
    },
    "run": {
        "notebook": TEXT,
        "output": TEXT,
        "cells": int,
        "seconds": float,
        "error": ({"cell": int, "ename": TEXT, "evalue": TEXT}, None),
    },
    "verify": {
        "ok": bool,
        "target": TEXT,
        "notebooks": [
            {
                "path": TEXT,
                "ok": bool,
                "differences": [TEXT],
                "changes": [{"cell": int, "output": int, "kind": TEXT}],
            }
        ],
        "versions": dict,
        "environments": [{"image": MAYBE, "lock": TEXT, "python": TEXT, "packages": dict}],
    },
    "doctor": {
        "ok": bool,
        "checks": [{"name": TEXT, "ok": bool, "found": TEXT, "hint": TEXT}],
    },
    "images": {
        "images": [
            {
                "id": TEXT,
                "name": TEXT,
                "project": MAYBE,
                "target": TEXT,
                "bytes": int,
                "own_bytes": (int, None),
                "created": TEXT,
                "used": TEXT,
            }
        ],
        "bytes": int,
    },
    "ports": {
        "ports": [
            {
                "box": TEXT,
                "project": TEXT,
                "target": TEXT,
                "port": int,
                "address": TEXT,
                "pid": int,
                "process": TEXT,
                "label": TEXT,
                "local": (int, None),
            }
        ]
    },
    "prune": {
        "removed": [{"kind": TEXT, "id": TEXT, "bytes": int}],
        "kept": list,
        "dry_run": bool,
    },
}
CALLS = {
    "containerize": ("containerize", "n.ipynb"),
    "capture": ("capture", "n.ipynb"),
    "plan": ("plan", "n.ipynb"),
    "build": ("build",),
    "kernel list": ("kernel", "list"),
    "run": ("run", "n.ipynb"),
    "status": ("status",),
    "doctor": ("doctor",),
    "images": ("images",),
    "ports": ("ports",),
    "prune": ("prune",),
}

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


@pytest.mark.parametrize("call", CALLS)
def test_json_is_one_object_with_the_keys(small, engine: Engine, call):
    machine, project = small
    done = machine.must(*CALLS[call], "--json", cwd=project)
    assert_shape(done.json, SHAPES.get(call, {}))


@pytest.mark.parametrize("call", ["containerize", "plan", "status", "prune"])
def test_text_goes_to_people(small, engine: Engine, call):
    machine, project = small
    done = machine.must(*CALLS[call], cwd=project)
    assert done.out.strip()
    assert not done.out.startswith("{")


def test_verify(small, engine: Engine):
    machine, project = small
    done = machine.must("verify", "--json", cwd=project)
    assert_shape(done.json, SHAPES["verify"])
    assert done.json["ok"] is True


def test_a_cell_that_raises_makes_run_fail_and_keeps_the_outputs(small, engine: Engine):
    machine, project = small
    write_notebook(project / "raises.ipynb", "print('before')", "{}['gone']", "print('after')")
    done = machine.devbox("run", "raises.ipynb", "--json", cwd=project)
    assert done.code == 73
    assert_shape(done.json, SHAPES["run"])
    assert done.json["error"] == {"cell": 2, "ename": "KeyError", "evalue": "'gone'"}
    assert "Cell 2 failed: KeyError: 'gone'" in done.err
    text = (project / "raises.out.ipynb").read_text()
    assert "before" in text
    assert "KeyError" in text
    assert (project / "raises.ipynb").read_text().count('"outputs": []') == 3


def test_containerize_without_a_notebook(small):
    """It means those that the project was made from; where there are none, it asks which."""
    machine, project = small
    assert not machine.must("containerize", "--no-build", "--json", cwd=project).json["files"]
    empty = machine.project("empty")
    done = machine.devbox("containerize", "--no-build", "--json", cwd=empty)
    assert done.code == 2, done
    assert done.error["hint"] == "jupyter devbox containerize NOTEBOOK.ipynb"


@pytest.mark.parametrize(
    "words",
    [
        ("containerize", "n.ipynb", "--dryrun"),
        ("containerize", "n.ipynb", "--target", "cobol"),
        ("containerize", "n.ipynb", "--port", "high"),
        ("run",),
        ("run", "n.ipynb", "m.ipynb"),
        ("verify", "n.ipynb"),
        ("verify", "--target", "rocm"),
        ("kernel", "dance"),
        ("status", "--all"),
    ],
    ids=" ".join,
)
def test_usage_errors(small, engine: Engine, words):
    machine, project = small
    done = machine.devbox(*words, "--json", cwd=project)
    assert done.code == 2, done
    assert done.error["code"] == "usage"
    assert done.error["hint"]
    assert done.error["message"] in " ".join(done.err.split())


@pytest.mark.parametrize("verb", ["", "containerize", "kernel"])
def test_help(small, verb):
    machine, project = small
    done = machine.must(*verb.split(), "--help", cwd=project)
    assert ("--project" if verb else "containerize") in done.out


def test_no_verb_of_that_name(small):
    machine, project = small
    done = machine.devbox("containerise", cwd=project)
    assert done.code == 2
    assert "containerize" in done.err
    assert not done.out


def test_status_counts_kernels(small, engine: Engine):
    machine, project = small
    write_notebook(project / "sleeps.ipynb", "import time\ntime.sleep(60)")
    process = machine.start("run", "sleeps.ipynb", cwd=project)
    try:
        wait_for(lambda: kernels(machine, project) == [1])
    finally:
        ended = interrupt(process)
    assert ended.code == 130
    assert TRACE not in ended.err
    wait_for(lambda: kernels(machine, project) == [0])
    (project / "sleeps.ipynb").unlink()


def kernels(machine, project) -> list[int]:
    return [box["kernels"] for box in machine.must("status", "--json", cwd=project).json["boxes"]]


def test_kernels_are_removed_and_installed_again(small, engine: Engine):
    machine, project = small
    (kernel,) = machine.must("kernel", "list", "--json", cwd=project).json["kernels"]
    machine.must("kernel", "remove", kernel["name"], cwd=project)
    assert machine.must("kernel", "list", "--json", cwd=project).json["kernels"] == []
    assert machine.devbox("run", "n.ipynb", cwd=project).code == 70
    again = machine.must("kernel", "install", "--json", cwd=project).json["kernels"]
    assert again == [kernel]
    unknown = machine.devbox("kernel", "remove", "../python3", "--json", cwd=project)
    assert unknown.code == 70
    assert (machine.data / "kernels" / "python3").is_dir()


@pytest.mark.parametrize("words", [("jupyter", "devbox"), ("jupyter-devbox",)])
def test_the_ways_to_call_it(small, words):
    machine, project = small
    beside = str(Path(machine.python).parent)
    path = {"PATH": f"{beside}:{machine.env['PATH']}"}
    program = Path(beside, words[0])
    done = machine.command(program, *words[1:], "kernel", "list", "--json", cwd=project, env=path)
    assert done.code == 0, done
    assert len(done.json["kernels"]) == 1
