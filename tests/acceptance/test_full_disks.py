"""A HOME or a project on a disk that is full or read-only: what works, and what is said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from box_cells import run_cells
from machine import Machine, printed, tree_digest, write_notebook

from jupyter_devbox.engine.base import Engine


@contextmanager
def mounted(place: Path, options: str) -> Iterator[Path]:
    """A small disk of its own at a place; root alone can make one."""
    place.mkdir(exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("only root, where it may mount, can make a disk that is full or read-only")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Leave nothing free on a disk."""
    ballast = disk / "ballast"
    ballast.write_bytes(b"x" * shutil.disk_usage(disk).free)
    return ballast


@pytest.fixture(params=["read-only", "full"])
def homeless(
    make_machine: Callable[[str], Machine], request: pytest.FixtureRequest
) -> Iterator[Machine]:
    """A machine whose HOME takes nothing; Jupyter's data folder lies elsewhere."""
    machine = make_machine(f"home-{request.param}")
    with mounted(machine.home, "ro" if request.param == "read-only" else "size=64k") as home:
        if request.param == "full":
            fill(home)
        yield machine


def usual_places(machine: Machine) -> dict[str, str | None]:
    """Variables by which all of Jupyter's and uv's folders lie in HOME, as they usually do."""
    return {"JUPYTER_DATA_DIR": None, "JUPYTER_PLATFORM_DIRS": None, "UV_CACHE_DIR": None}


@pytest.mark.network
def test_nowhere_to_note_what_was_made(homeless: Machine):
    """Whatever would write stops before it has; whatever reads still works."""
    project = homeless.project("no home")
    write_notebook(project / "n.ipynb", "import openpyxl")
    env = usual_places(homeless)
    before = tree_digest(project)
    for words in (("--no-build",), ("--target", "venv")):
        done = homeless.devbox("containerize", "n.ipynb", *words, "--json", cwd=project, env=env)
        assert done.error["code"] in {"read_only", "file"}, done
        if done.code == 43:
            assert "JUPYTER_DATA_DIR" in done.error["hint"]
        else:
            assert "disk is full" in done.error["message"]
        assert str(homeless.home) in done.error["message"]
        assert tree_digest(project) == before
    for words in (("capture", "n.ipynb"), ("plan", "n.ipynb"), ("status",), ("kernel", "list"),
                  ("containerize", "n.ipynb", "--dry-run"), ("prune",)):  # fmt: skip
        homeless.must(*words, cwd=project, env=env)
    doctor = homeless.devbox("doctor", "--json", cwd=project, env=env)
    (check,) = [c for c in doctor.json["checks"] if c["name"] == "data folder"]
    assert (doctor.code, check["ok"]) == (1, False)
    assert check["hint"]
    # As the hint says.
    chosen = {**env, "JUPYTER_DATA_DIR": str(homeless.data)}
    homeless.must("containerize", "n.ipynb", "--no-build", cwd=project, env=chosen)


@pytest.mark.docker
@pytest.mark.network
@pytest.mark.slow
def test_the_whole_way_without_a_home(homeless: Machine, engine: Engine):
    """Neither uv's cache nor buildx's notes have a place in HOME."""
    project = homeless.project("whole")
    write_notebook(project / "n.ipynb", "print(6 * 7)")
    env = {"DOCKER_CONFIG": None, "BUILDX_CONFIG": None}
    homeless.must("containerize", "n.ipynb", "--target", "cpu,venv", cwd=project, env=env)
    homeless.must("run", "n.ipynb", "--target", "cpu", cwd=project, env=env)
    assert "42" in (project / "n.out.ipynb").read_text()
    words = ("run", "n.ipynb", "--target", "venv", "--json")
    if shutil.disk_usage(homeless.home).free:
        homeless.must(*words, cwd=project, env=env)
    else:  # IPython itself starts in no HOME that is full; its own words stand on the terminal
        done = homeless.command(homeless.python, "-m", "jupyter_devbox", *words, cwd=project)
        assert (done.code, done.error["code"]) == (72, "kernel_start"), done
        assert "No space left on device" in done.err
    assert homeless.must("prune", "--all", "--yes", "--json", cwd=project).json["removed"]


@pytest.mark.network
def test_uv_has_no_place_for_a_cache(homeless: Machine):
    project = homeless.project("cacheless")
    write_notebook(project / "n.ipynb", "%pip install six==99.99")
    env = {"UV_CACHE_DIR": None}
    done = homeless.devbox("containerize", "n.ipynb", "--no-build", "--json", cwd=project, env=env)
    assert done.code == 31, done
    assert "six==99.99" in "".join(done.error["details"])


@pytest.mark.network
def test_the_disk_of_the_project_is_full(machine: Machine):
    project = machine.project("full")
    with mounted(project, "size=4m"):
        write_notebook(project / "n.ipynb", "1")
        machine.must("containerize", "n.ipynb", "--no-build", cwd=project)
        write_notebook(project / "n.ipynb", "import openpyxl")
        ballast = fill(project)
        before = tree_digest(project)
        words = ("containerize", "n.ipynb", "--no-build", "--json")
        done = machine.devbox(*words, cwd=project)
        assert (done.code, done.error["code"]) == (40, "file"), done
        assert "disk is full" in done.error["message"]
        assert done.error["hint"] == "jupyter devbox prune"
        assert tree_digest(project) == before
        # With room again the same command works: it is still a project that we know.
        ballast.unlink()
        machine.must(*words, cwd=project)
        assert "openpyxl==" in (project / ".devcontainer" / "requirements.in").read_text()


FILL = "from pathlib import Path\nPath('big').write_bytes(bytes(8_000_000))"


@pytest.mark.docker
@pytest.mark.network
@pytest.mark.slow
def test_the_disk_is_full_in_the_box(machine: Machine, engine: Engine):
    """The cell's own error is what is seen; the kernel lives, and so do the files."""
    project = machine.project("boxed")
    with mounted(project, "size=6m"):
        write_notebook(project / "n.ipynb", "1")
        made = machine.must("containerize", "n.ipynb", "--json", cwd=project).json
        write_notebook(
            project / "lives.ipynb",
            f"try:\n    {FILL.splitlines()[0]}\n    {FILL.splitlines()[1]}\n"
            "except OSError as error:\n    print(error)",
            "print('alive')",
            "Path('big').unlink()",
        )
        (kernel,) = made["kernels"]
        document = machine.execute(project / "lives.ipynb", kernel["name"], project / "x.ipynb")
        assert "[Errno 28] No space left on device" in printed(document.cells[0])
        assert printed(document.cells[1]) == "alive\n"

        write_notebook(project / "raises.ipynb", f"{FILL}", "print('never')")
        before = tree_digest(project)
        done = machine.devbox("run", "raises.ipynb", "--json", cwd=project)
        # What the notebook wrote leaves no room for its outputs either.
        assert (done.code, done.error["code"]) == (40, "file"), done
        assert "disk is full" in done.error["message"]
        (project / "big").unlink()
        assert tree_digest(project) == before

        elsewhere = machine.root / "elsewhere.ipynb"
        done = machine.devbox("run", "raises.ipynb", "--output", elsewhere, "--json", cwd=project)
        assert done.code == 73, done
        assert done.json["error"]["ename"] == "OSError"
        assert "No space left" in json.dumps(done.json["error"])
        (project / "big").unlink()
        machine.must("prune", "--all", "--yes", cwd=machine.root)


@pytest.mark.docker
@pytest.mark.network
@pytest.mark.slow
def test_what_was_installed_meets_a_full_disk(machine: Machine, engine: Engine):
    """`sync`, `add` and `remove` leave all files as they were; with room again they work."""
    project = machine.project("synced")
    with mounted(project, "size=6m"):
        write_notebook(project / "n.ipynb", "1")
        words = ("containerize", "n.ipynb", "--include", "toolz", "--json")
        (kernel,) = machine.must(*words, cwd=project).json["kernels"]
        pip = "%pip install -q --disable-pip-version-check iniconfig==2.0.0"
        run_cells(machine, kernel["name"], project / "n.ipynb", pip)
        ballast = fill(project)
        before = tree_digest(project)
        for words in (("sync",), ("add", "idna"), ("remove", "toolz")):
            done = machine.devbox(*words, "--json", cwd=project)
            assert (done.code, done.error["code"]) == (40, "file"), done
            assert "disk is full" in done.error["message"]
            assert tree_digest(project) == before
        ballast.unlink()
        for words in (("sync",), ("add", "idna"), ("remove", "toolz")):
            machine.must(*words, "--no-build", cwd=project)
        inputs = (project / ".devcontainer" / "requirements.in").read_text()
        assert "iniconfig==2.0.0" in inputs
        assert "idna" in inputs
        assert "toolz" not in inputs
        machine.must("prune", "--all", "--yes", cwd=machine.root)


@pytest.mark.network
def test_the_output_has_no_place(machine: Machine):
    """Said before the notebook runs, which may take hours."""
    project = machine.project("unwritable output")
    write_notebook(project / "n.ipynb", "from pathlib import Path\nPath('ran').touch()")
    machine.must("containerize", "n.ipynb", "--target", "venv", cwd=project)
    before = tree_digest(project)
    for output in ("/proc/n.ipynb", "no/such/folder/n.ipynb"):
        done = machine.devbox("run", "n.ipynb", "--output", output, "--json", cwd=project)
        assert (done.code, done.error["code"]) == (43, "read_only"), done
        assert "--output" in done.error["hint"]
        assert tree_digest(project) == before
