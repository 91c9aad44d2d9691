"""`plan --target cuda` of a training notebook, for three drivers: three builds, with reasons."""

from __future__ import annotations

import shutil
import sys

import pytest
from machine import ROOT, new_machine, uv

from jupyter_devbox.lock.wheel_archive import pure_wheel

pytestmark = [pytest.mark.network, pytest.mark.slow]

NEW, OLD, OLDER = "580.95", "550.54", "470"


def folder_of(machine):
    folder = machine.project("digits")
    shutil.copy2(ROOT / "examples" / "gpu.ipynb", folder)
    return folder


@pytest.fixture(scope="module")
def unpinned(make_machine):
    """A machine whose kernel has no torch: any version will do."""
    machine = make_machine("no-torch")
    return machine, folder_of(machine)


@pytest.fixture(scope="module")
def installed(session_folder, make_venv, tmp_path_factory):
    """A machine whose kernel has torch 2.13.0, by its name and version alone."""
    python = make_venv("torch-host")
    wheel = pure_wheel("torch", "2.13.0", {"torch/__init__.py": b"__version__ = '2.13.0'\n"})
    folder = session_folder / "torch"
    folder.mkdir()
    (folder / wheel.filename).write_bytes(wheel.content)
    install = ("pip", "install", "--quiet", "--python", python)
    uv(*install, "--no-index", "--find-links", folder, "torch")  # as from an index: no address
    uv(*install, "ipykernel")
    root = tmp_path_factory.mktemp("torch")
    machine = new_machine(root, python, root / "run", sys.executable)
    yield machine, folder_of(machine)
    machine.clean()


def planned(place, driver):
    machine, folder = place
    return machine.devbox(
        "plan", "gpu.ipynb", "--target", "cuda", "--driver", driver, "--json", cwd=folder
    )


def torch_of(done):
    assert done.code == 0, done
    (line,) = (r for r in done.json["requirements"] if r.startswith("torch=="))
    # Torch's own index may not be in reach; the plan answers all the same, and says so.
    problem = done.json["problem"]
    assert problem is None or ("+" in line and problem["code"] == "index_unreachable"), problem
    return line


def test_a_new_driver_runs_the_usual_build(unpinned, installed):
    assert torch_of(planned(installed, NEW)) == "torch==2.13.0"
    done = planned(unpinned, NEW)
    assert "+" not in torch_of(done)
    assert done.json["accelerator"]["driver_floor"] == "580"


def test_an_older_one_gets_the_build_for_its_cuda(unpinned, installed):
    done = planned(installed, OLD)
    assert torch_of(done) == "torch==2.13.0+cu126"
    assert done.json["accelerator"] == {
        "kind": "cuda",
        "version": "12.6",
        "driver_floor": "525.60.13",
    }
    assert torch_of(planned(unpinned, OLD)).endswith("+cu126")
    (why,) = (d["reason"] for d in done.json["decisions"] if "too old" in d["reason"])
    assert f"driver {OLD}" in why


def test_one_that_is_too_old_is_told_what_would_do(unpinned, installed):
    done = planned(installed, OLDER)
    assert (done.code, done.error["code"]) == (26, "no_cuda"), done
    assert "2.7.1" in done.error["hint"]
    assert "--target cpu" in done.error["hint"]
    # Where any version will do, that one is taken, and the reason said.
    assert torch_of(planned(unpinned, OLDER)) == "torch==2.7.1+cu118"
