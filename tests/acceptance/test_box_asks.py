"""`%containerize` in a box: the host is asked, and does nothing until its user says yes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from box_cells import run_cells
from machine import Machine, tree_digest, write_notebook

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

# In every Python of the machine, the shim's included.
NO_DIAL = "from jupyter_devbox.run import probe\nprobe._heard = lambda _: b''\n"
LOAD, ASK = "%load_ext jupyter_devbox", "%containerize"
# Says what it likes to the host, as any code in the box can.
DIAL = """
import os, socket
def dial(line):
    end = socket.socket(socket.AF_UNIX)
    end.settimeout(30)
    end.connect(os.environ.get('JUPYTER_DEVBOX_HOST', '/run/devbox/k/host'))
    try:
        end.sendall(line)
        return end.recv(65536).decode().strip() or 'hung up'
    except OSError as error:
        return f'hung up: {type(error).__name__}'
"""


@pytest.fixture(scope="module")
def asked(machine: Machine, engine: Engine) -> tuple[Machine, Path, str]:
    """A project with a box, and its kernel's name."""
    project = machine.project("asks")
    write_notebook(project / "n.ipynb", "print(6 * 7)")
    made = machine.must("containerize", "n.ipynb", "--json", cwd=project).json
    return machine, project, made["kernels"][0]["name"]


def cells(asked: Any, notebook: str, *code: str, **env: str) -> list[str]:
    machine, project, kernel = asked
    return run_cells(machine, kernel, project / notebook, *code, **env)


def workflow(machine: Machine, code: str, cwd: Path) -> Any:
    """Run our own functions as the machine's user, and return what they print as JSON."""
    start = (
        "import json; from jupyter_devbox.workflow import asking; "
        "from jupyter_devbox.workflow.context import this_machine as m; "
    )
    done = machine.command(machine.python, "-c", f"{start}\n{code}", cwd=cwd)
    assert done.code == 0, done
    return json.loads(done.out)


NONSENSE = ['{"verb": "trust", "notebook": "/n"}', "\\xff", "[" * 60000, "{" * 70000]


def question(path: str) -> str:
    return json.dumps({"verb": "containerize", "notebook": path})


def each(tries: list[str]) -> str:
    """Return a cell that says each of these to the host, and prints the answers."""
    return DIAL + "import time\nfor line in " + repr(tries) + (
        ":\n    print(dial(line.encode('latin-1') + b'\\n')); time.sleep(0.11)"
    )  # fmt: skip


def test_nothing_new_is_no_question(asked):
    machine, project, _ = asked
    machine.adopt()
    before = tree_digest(project)
    _, said = cells(asked, "n.ipynb", LOAD, ASK)
    assert "Nothing to add" in said
    assert tree_digest(project) == before
    assert not (machine.ours / "asks").exists()


def test_it_waits_for_a_yes_and_then_has_the_package(asked):
    machine, project, _ = asked
    write_notebook(project / "more.ipynb", "import packaging")
    machine.adopt()
    before = tree_digest(project)
    said = cells(asked, "more.ipynb", LOAD, ASK, ASK)
    for text in said[1:]:
        assert "waits for your word" in text
        assert "jupyter devbox trust" in text
    assert tree_digest(project) == before

    listed = "print(json.dumps([[a.id, a.notebook, list(a.diff)] for a in asking.waiting(m())]))"
    ((identity, notebook, diff),) = workflow(machine, listed, project)
    assert notebook == "more.ipynb"
    assert any(line.startswith("+packaging==") for line in diff)

    approve = f"r = asking.approve(m(), {identity!r}, lambda e: None); print(json.dumps(r.built))"
    assert workflow(machine, approve, project) is True
    assert workflow(machine, listed, project) == []
    _, said, version = cells(
        asked, "more.ipynb", LOAD, ASK, "import packaging; print(packaging.__name__)"
    )
    assert "Nothing to add" in said
    assert version == "packaging\n"


def test_a_no_is_a_no(asked):
    machine, project, _ = asked
    write_notebook(project / "no.ipynb", "import idna")
    machine.adopt()
    before = tree_digest(project)
    cells(asked, "no.ipynb", LOAD, ASK)
    listed = "print(json.dumps([a.id for a in asking.waiting(m())]))"
    (identity,) = workflow(machine, listed, project)
    workflow(machine, f"print(json.dumps(asking.refuse(m(), {identity!r}).state))", project)
    _, said = cells(asked, "no.ipynb", LOAD, ASK)
    assert "refused" in said
    assert tree_digest(project) == before


def test_what_was_shown_is_what_is_done(asked):
    """A box that changes its notebook between the question and the yes gets nothing."""
    machine, project, _ = asked
    write_notebook(project / "swap.ipynb", "import idna")
    cells(asked, "swap.ipynb", LOAD, ASK)
    listed = "print(json.dumps([a.id for a in asking.waiting(m())]))"
    (identity,) = workflow(machine, listed, project)
    write_notebook(project / "swap.ipynb", "import certifi")
    machine.adopt()
    before = tree_digest(project)
    code = (
        "from jupyter_devbox.errors import PlanChangedError\n"
        f"try: asking.approve(m(), {identity!r}, lambda e: None)\n"
        "except PlanChangedError as e: print(json.dumps(e.message))"
    )
    assert "changed since this was shown" in workflow(machine, code, project)
    assert tree_digest(project) == before
    workflow(machine, f"print(json.dumps(asking.refuse(m(), {identity!r}).state))", project)


def test_a_notebook_that_changes_while_it_is_approved(asked):
    """The plan that is written is held against what was shown, not one that was made before it."""
    machine, project, _ = asked
    write_notebook(project / "flip.ipynb", "import idna")
    cells(asked, "flip.ipynb", LOAD, ASK)
    listed = "print(json.dumps([a.id for a in asking.waiting(m())]))"
    (identity,) = workflow(machine, listed, project)
    machine.adopt()
    before = tree_digest(project / ".devcontainer")
    # The box writes as soon as the host has begun: the first event comes before the capture.
    code = (
        "from pathlib import Path\n"
        "from jupyter_devbox.errors import PlanChangedError\n"
        "from jupyter_devbox.workflow import containerize as c\n"
        "real = c.capture_all\n"
        "def flipped(*words):\n"
        "    p = Path('flip.ipynb'); p.write_text(p.read_text().replace('idna', 'certifi'))\n"
        "    return real(*words)\n"
        "c.capture_all = flipped\n"
        f"try: asking.approve(m(), {identity!r}, lambda e: None)\n"
        "except PlanChangedError as e: print(json.dumps(e.message))"
    )
    assert "changed since this was shown" in workflow(machine, code, project)
    assert tree_digest(project / ".devcontainer") == before
    workflow(machine, f"print(json.dumps(asking.refuse(m(), {identity!r}).state))", project)


def test_a_hostile_box(asked):
    """Other projects' names, `..`, links out, other verbs, floods, and its own socket replaced."""
    machine, project, _ = asked
    write_notebook(project.parent / "victim.ipynb", "import idna")
    (project / "link.ipynb").unlink(missing_ok=True)
    (project / "link.ipynb").symlink_to(project.parent / "victim.ipynb")
    machine.adopt()
    before = tree_digest(project.parent)
    paths = [
        str(project.parent / "victim.ipynb"),
        f"/workspaces/{project.name}/../victim.ipynb",
        f"/workspaces/{project.name}/link.ipynb",
        f"/workspaces/{project.name}",
        "/workspaces/other/n.ipynb",
        "/etc/passwd",
    ]
    tries = [*map(question, paths), *NONSENSE]
    code = each(tries)
    replace = (
        "import os\nfor act in (lambda: os.remove('/run/devbox/k/host'),\n"
        "            lambda: os.rename('/run/devbox/k/host', '/run/devbox/k/x'),\n"
        "            lambda: os.symlink('/var/run/docker.sock', '/run/devbox/k/y')):\n"
        "    try: act(); print('done')\n"
        "    except OSError as error: print(error.errno)"
    )
    flood = DIAL + "print(sum('too much' in dial(b'x\\n') for _ in range(200)) > 100)"
    huge = DIAL + "print(dial(b'[' * 2**28))"
    said = cells(
        asked, "n.ipynb", code, replace, flood, huge, LOAD, "import time; time.sleep(1.2)", ASK
    )
    answers = said[0].splitlines()
    assert len(answers) == len(tries)
    assert not any('"waiting"' in answer or '"current"' in answer for answer in answers), answers
    assert said[1].split() == ["30", "30", "30"]  # EROFS
    assert said[2] == "True\n"
    assert "hung up" in said[3]
    assert "Nothing to add" in said[-1]
    assert tree_digest(project.parent) == before


def test_a_box_that_cannot_dial_asks_on_its_stream(make_machine, engine: Engine):
    """The same socket of the host's answers, with the same rules."""
    machine = make_machine("streams")
    project = machine.project("streams")
    write_notebook(project / "n.ipynb", "print(6 * 7)")
    write_notebook(project / "more.ipynb", "import packaging")
    made = machine.must("containerize", "n.ipynb", "--json", cwd=project).json
    asked = machine, project, made["kernels"][0]["name"]
    machine.adopt()
    before = tree_digest(project)

    patch = machine.root / "patch"
    patch.mkdir()
    (patch / "sitecustomize.py").write_text(NO_DIAL)
    env = {"PYTHONPATH": str(patch)}
    place = "import os; print(os.environ['JUPYTER_DEVBOX_HOST'])"
    where, _, said = cells(asked, "n.ipynb", place, LOAD, ASK, **env)
    assert where.strip().endswith("/host")
    assert "Nothing to add" in said
    _, said = cells(asked, "more.ipynb", LOAD, ASK, **env)
    assert "waits for your word" in said
    tries = [question("/etc/passwd"), question("/workspaces/streams/../n.ipynb"), *NONSENSE]
    flood = DIAL + "print(sum('too much' in dial(b'x\\n') for _ in range(200)) > 100)"
    huge = DIAL + "print(dial(b'[' * 2**26))"
    answers, flooded, hung, still = cells(
        asked, "n.ipynb", each(tries), flood, huge, "print('still here')", **env
    )
    assert len(answers.splitlines()) == len(tries)
    assert '"waiting"' not in answers
    assert '"current"' not in answers
    assert flooded == "True\n"
    assert "hung up" in hung
    assert still == "still here\n"
    assert tree_digest(project) == before
