"""The magics in a live kernel of the host, driven as `jupyter execute` drives one: text mode."""

from __future__ import annotations

import time

import pytest
from jupyter_client.manager import KernelManager
from machine import TRACE, Machine, printed, tree_digest, write_notebook

from jupyter_devbox.engine.base import Engine

CELLS = {
    "load": "%load_ext jupyter_devbox",
    "use": "import openpyxl",
    "dry": "%containerize --dry-run",
    "diff": "%containerize --diff",
    "unknown option": "%containerize --targt cpu",
    "unknown target": "%containerize --target cobol",
    "open quote": "%containerize --include 'lxml",
    "no package": "%containerize --include 'not a package!'",
    "no notebook": "%containerize other.ipynb",
    "no verb": "%devbox containerise",
    "doctor": "%devbox doctor",
    "help": "%containerize --help",
    "write": "%containerize --no-build",
    "again": "%containerize --no-build",
    "after": "print('the kernel lives')",
}


@pytest.fixture(scope="module")
def said(machine: Machine):
    """Cell's name → the executed cell; and what lay in the project before the first write."""
    project = machine.project("magics")
    notebook = write_notebook(project / "live.ipynb", *CELLS.values())
    # nbclient goes on after an error, so that one failure does not hide the others.
    done = machine.execute(notebook, "python3", project / "done.ipynb")
    return dict(zip(CELLS, done.cells, strict=True)), project


@pytest.mark.network
class TestText:
    @pytest.mark.parametrize("name", CELLS)
    def test_no_cell_fails_or_shows_a_traceback(self, said, name):
        cell = said[0][name]
        assert {o.output_type for o in cell.outputs} <= {"stream"}, cell.outputs
        text = printed(cell) + printed(cell, "stderr")
        assert TRACE not in text
        assert name in {"load", "use"} or text.strip()

    def test_dry_run_says_what_would_be_written(self, said):
        text = printed(said[0]["dry"])
        assert "live.ipynb uses 1 package and Python 3." in text
        assert "openpyxl" in text
        assert ".devcontainer/Dockerfile" in text

    def test_diff_shows_it(self, said):
        assert "+FROM ${BASE} AS uv" in printed(said[0]["diff"])

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("unknown target", ("cobol", "--target cpu")),
            ("unknown option", ("no such option", "--targt", "%containerize --help")),
            ("open quote", ("quotes do not match",)),
            ("no package", ("not a package!",)),
            ("no notebook", ("There is no such notebook", "other.ipynb")),
            ("no verb", ("There is no such verb", "containerise")),
        ],
    )
    def test_a_mistake_is_named(self, said, name, words):
        cell = said[0][name]
        text = printed(cell) + printed(cell, "stderr")
        for word in words:
            assert word in text

    def test_no_build_writes_and_says_what_is_next(self, said):
        cells, project = said
        assert "written to .devcontainer/" in printed(cells["write"])
        assert "%containerize" in printed(cells["write"])
        assert (project / ".devcontainer" / "Dockerfile").is_file()
        assert "up to date" in printed(cells["again"])

    def test_the_live_kernel_gives_the_versions(self, said):
        _, project = said
        text = (project / ".devcontainer" / "requirements.in").read_text()
        assert "openpyxl==" in text


SLEEP = "RUN sleep 300 # unique {}\n"


@pytest.fixture
def kernel(machine: Machine, monkeypatch):
    """A live kernel of the host in a project whose build hangs."""
    project = machine.project(f"hang-{time.monotonic_ns()}")
    write_notebook(project / "n.ipynb", "%load_ext jupyter_devbox\n%containerize")
    machine.must("containerize", "n.ipynb", "--no-build", cwd=project)
    recipe = project / ".devcontainer" / "Dockerfile"
    # A line of the user's own, outside of the marked blocks.
    recipe.write_text(recipe.read_text() + SLEEP.format(project.name))
    machine.must("trust", "--approve", cwd=project)
    for name in [n for n in __import__("os").environ if n not in machine.env]:
        monkeypatch.delenv(name)
    for name, value in machine.env.items():
        monkeypatch.setenv(name, value)
    manager = KernelManager(kernel_name="python3")
    if machine.prefix:  # the manager is root's: the kernel gets its connection file, and is theirs
        give = f'chown {machine.uid} "$0" "$(dirname "$0")"; exec "$@"'
        words = ["sh", "-c", give, "{connection_file}", *machine.prefix]
        manager.kernel_spec.argv[:0] = words
    manager.start_kernel(cwd=str(project), env=machine.environment())
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=30)
    yield manager, client, project
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.mark.docker
@pytest.mark.network
@pytest.mark.slow
def test_interrupting_the_kernel_cancels_the_build(kernel, engine: Engine, machine: Machine):
    manager, client, project = kernel
    before = tree_digest(project), machine.ledger("image")
    text = ""
    interrupted = False

    def take(message):
        nonlocal text, interrupted
        if message["msg_type"] == "stream":
            text += message["content"]["text"]
        assert message["msg_type"] != "error", message["content"]
        if "Write files" in text and not interrupted:
            interrupted = True
            time.sleep(3)  # the build is at its last line by then, or on its way
            manager.interrupt_kernel()

    code = (project / "n.ipynb").read_text() and "%load_ext jupyter_devbox\n%containerize"
    reply = client.execute_interactive(code, timeout=120, output_hook=take)
    assert reply["content"]["status"] == "ok"
    assert "Stopped" in text
    assert (tree_digest(project), machine.ledger("image")) == before
    alive = client.execute_interactive("1", timeout=20, output_hook=lambda _: None)
    assert alive["content"]["status"] == "ok"
