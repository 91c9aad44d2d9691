"""The CUDA twin as its user makes it: beside the CPU's box, kept in step, run where a card is."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import nbformat
import pytest
from fake_cards import CARDS, DRIVER, card_daemon, cards_missing
from machine import write_notebook

from jupyter_devbox.files import jsonc
from jupyter_devbox.files.project import Project
from jupyter_devbox.spec.box import LABEL_PROJECT
from jupyter_devbox.workflow.made_of import image_tag

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.network]

CARDS_SEEN = """
import pynvml, subprocess
pynvml.nvmlInit()
print(pynvml.nvmlSystemGetDriverVersion(), pynvml.nvmlDeviceGetCount())
print(subprocess.check_output(["nvidia-smi", "-L"], text=True).count("Fake GPU"))
"""
CUDA_CONFIG = ".devcontainer/cuda/devcontainer.json"
SMI = ("sh", "-c", "nvidia-smi -L")


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
    assert config["config_file"] == str(project / CUDA_CONFIG)
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


@pytest.fixture(scope="module")
def cards(project, machine, engine, shared, absent):
    """A daemon with cards behind NVIDIA's runtime, which has the images of both targets."""
    if reason := cards_missing():
        absent(f"no false cards: {reason}")
    with card_daemon(shared / "tools/fake_gpu.py", "runtime") as daemon:
        for kernel in kernels(machine, project).values():
            daemon.private.load(engine.image(kernel["image"]).tags[0])
        yield daemon


@pytest.fixture
def client(machine, devcontainer, docker_cli):
    """The reference client."""

    def call(*words, workspace, host=None):
        path = f"{Path(docker_cli).parent}:{machine.env['PATH']}"
        done = machine.command(
            *(devcontainer, words[0], "--workspace-folder", workspace, *words[1:]),
            cwd=workspace,
            env={"PATH": path, **({"DOCKER_HOST": host} if host else {})},
        )
        assert done.code == 0, done
        return done

    return call


def test_verify_proves_the_cuda_lock_where_cards_are(machine, project, cards):
    there = {"DOCKER_HOST": cards.private.url}
    proof = machine.must("verify", "--target", "cuda", "--json", cwd=project, env=there).json
    assert (proof["ok"], proof["target"], proof["versions"]) == (True, "cuda", {})
    assert [n["path"] for n in proof["notebooks"]] == ["n.ipynb"]
    left = cards.private.connect()
    assert left.containers({}) == ()
    left.close()


def test_the_reference_client_joins_the_box_of_each_target(machine, project, cards, client):
    """Two boxes of one project: the client finds each by its own configuration."""
    url = cards.private.url
    for target in ("cpu", "cuda"):
        words = ("run", "n.ipynb", "--target", target, "--output", f"{target}.out.ipynb", "--json")
        ran = machine.devbox(*words, cwd=project, env={"DOCKER_HOST": url})
        assert (ran.json["error"] is None) == (target == "cuda"), ran
    status = machine.must("status", "--json", cwd=project, env={"DOCKER_HOST": url}).json
    boxes = {box["target"]: box["id"] for box in status["boxes"]}
    for target, more in (("cpu", ()), ("cuda", ("--config", CUDA_CONFIG))):
        up = json.loads(client("up", *more, workspace=project, host=url).out)
        assert up["containerId"] == boxes[target]
    listed = client("exec", "--config", CUDA_CONFIG, *SMI, workspace=project, host=url)
    assert listed.out.count("Fake GPU") == CARDS


def test_the_reference_client_asks_for_the_cards_itself(machine, project, cards, client):
    """The configuration as written, but for the build: that daemon has no network."""
    folder = machine.project("by-the-client")
    (folder / ".devcontainer/cuda").mkdir(parents=True)
    value = jsonc.parse((project / CUDA_CONFIG).read_text()).value
    del value["build"]
    value["image"] = image_tag(Project(root=project, reason=""), "cuda")
    (folder / CUDA_CONFIG).write_text(json.dumps(value))
    more = ("--config", CUDA_CONFIG)
    client("up", *more, workspace=folder, host=cards.private.url)
    listed = client("exec", *more, *SMI, workspace=folder, host=cards.private.url)
    assert listed.out.count("Fake GPU") == CARDS


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


def test_the_reference_client_builds_the_twin_without_a_card(machine, project, client, engine):
    """From the written files alone: the user's line for CUDA alone is in what it starts."""
    more = ("--config", CUDA_CONFIG)
    try:
        up = json.loads(client("up", *more, workspace=project).out)
        assert (up["outcome"], up["remoteUser"]) == ("success", "jovyan")
        ask = ("python3", "-c", "import pynvml, six; print(six.__version__)")
        assert client("exec", *more, *ask, workspace=project).out.strip() == "1.16.0"
    finally:
        for container in engine.containers({"devcontainer.local_folder": str(project)}):
            engine.remove(container.id)
        for image in engine.images({"devcontainer.metadata": ""}):
            if any(tag.startswith(f"vsc-{project.name}-") for tag in image.tags):
                engine.remove_image(image.id)
