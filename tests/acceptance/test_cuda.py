"""The CUDA twin as its user makes it: beside the CPU's box, kept in step, run where a card is."""

from __future__ import annotations

import json
from contextlib import ExitStack

import nbformat
import pytest
from fake_cards import CARDS, DRIVER, card_daemon, cards_missing
from machine import write_notebook

from jupyter_devbox.spec.box import LABEL_PROJECT

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.network]

CARDS_SEEN = """
import pynvml, subprocess
pynvml.nvmlInit()
print(pynvml.nvmlSystemGetDriverVersion(), pynvml.nvmlDeviceGetCount())
print(subprocess.check_output(["nvidia-smi", "-L"], text=True).count("Fake GPU"))
"""


@pytest.fixture(scope="module")
def project(engine, machine):
    """A project with both targets built."""
    folder = machine.project("cards")
    write_notebook(folder / "n.ipynb", CARDS_SEEN)
    words = ("--target", "cpu,cuda", "--driver", DRIVER, "--provides", "pynvml=nvidia-ml-py")
    done = machine.must("containerize", "n.ipynb", *words, "--json", cwd=folder)
    assert [k["target"] for k in done.json["kernels"]] == ["cpu", "cuda"]
    return folder


def kernels(machine, project):
    listed = machine.must("kernel", "list", "--json", cwd=project).json["kernels"]
    return {k["target"]: k for k in listed if k["project"] == str(project)}


def kernel_config(machine, project):
    name = kernels(machine, project)["cuda"]["name"]
    spec = json.loads((machine.data / "kernels" / name / "kernel.json").read_text())
    return spec["metadata"]["jupyter_devbox"]["config"]


def test_both_kernels_stand_side_by_side(machine, project, engine):
    made = kernels(machine, project)
    assert {k["display_name"] for k in made.values()} == {"cards · CPU", "cards · CUDA"}
    assert all(engine.image(k["image"]) for k in made.values())
    config = kernel_config(machine, project)
    assert config["gpus"] == []
    assert config["config_file"] == str(project / ".devcontainer/cuda/devcontainer.json")
    assert "NVIDIA_VISIBLE_DEVICES" not in config.get("env", {})


def test_nothing_changes_the_second_time(machine, project):
    words = ("--target", "cpu,cuda", "--driver", DRIVER, "--json")
    assert machine.must("containerize", "n.ipynb", *words, cwd=project).json["files"] == []


def test_where_there_is_no_card_the_cause_is_named_and_nothing_is_left(machine, project, engine):
    done = machine.devbox("run", "n.ipynb", "--target", "cuda", "--json", cwd=project)
    assert (done.code, done.error["code"]) == (77, "no_gpu"), done
    assert "--target cpu" in done.error["hint"]
    assert engine.containers({LABEL_PROJECT: str(project)}) == ()


def test_the_same_kernel_runs_where_cards_are(machine, project, engine, shared, absent):
    if reason := cards_missing():
        absent(f"no false cards: {reason}")
    with ExitStack() as stack:
        daemon = stack.enter_context(card_daemon(shared / "tools/fake_gpu.py", "cdi"))
        daemon.private.load(kernels(machine, project)["cuda"]["image"])
        there = {"DOCKER_HOST": daemon.private.url}
        done = machine.must("run", "n.ipynb", "--target", "cuda", "--json", cwd=project, env=there)
        document = nbformat.read(done.json["output"], as_version=4)
        assert document.cells[0].outputs[0].text == f"{DRIVER} {CARDS}\n{CARDS}\n"


def test_the_cards_can_be_chosen_and_are_remembered(machine, project):
    for words in (("--gpus", "1"), ()):
        machine.must("containerize", "n.ipynb", "--target", "cuda", *words, cwd=project)
        assert kernel_config(machine, project)["gpus"] == ["1"]
    done = machine.devbox("containerize", "n.ipynb", "--gpus", "every", "--json", cwd=project)
    assert "--gpus all" in done.error["hint"]
    machine.must("containerize", "n.ipynb", "--target", "cuda", "--gpus", "all", cwd=project)
    assert kernel_config(machine, project)["gpus"] == []


def test_a_package_more_reaches_both(machine, project):
    write_notebook(project / "n.ipynb", CARDS_SEEN, "import idna")
    words = ("--provides", "idna=idna", "--no-build", "--json")
    done = machine.must("containerize", "n.ipynb", *words, cwd=project)
    assert ".devcontainer/requirements.cuda.in" in done.json["files"]
    for name in ("requirements.in", "requirements.cuda.in"):
        assert "\nidna==" in (project / ".devcontainer" / name).read_text()


def test_a_line_of_the_users_for_cuda_alone_stays_there(machine, project):
    file = project / ".devcontainer" / "requirements.cuda.in"
    file.write_text(file.read_text() + "six==1.16.0\n")
    machine.must("trust", "--approve", cwd=project)
    machine.must("containerize", "n.ipynb", "--no-build", cwd=project)
    assert "\nsix==1.16.0\n" in file.read_text()
    folder = project / ".devcontainer"
    assert (
        "six==1.16.0"
        in (folder / "requirements.cuda.stable.txt").read_text()
        + (folder / "requirements.cuda.txt").read_text()
    )
    assert "six" not in (folder / "requirements.in").read_text()
