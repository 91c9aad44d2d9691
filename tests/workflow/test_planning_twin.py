"""A project's two targets are planned together; what one lacks is not the other's trouble."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace

import nbformat
import pytest
from makers import captured, snapshot
from simple_index import Index

from jupyter_devbox.catalogue import read_catalogue
from jupyter_devbox.errors import EngineNotFoundError, IndexUnreachableError, NoCudaError, PlanError
from jupyter_devbox.files.project import find_project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.spec.gpu import GpuHost
from jupyter_devbox.spec.groups import SplitWish
from jupyter_devbox.view import wording
from jupyter_devbox.workflow import planning
from jupyter_devbox.workflow.containerize import containerize
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.planning import make_plan
from jupyter_devbox.workflow.requests import ContainerizeRequest, Planned

TORCH = captured("torch==2.13.0")


@pytest.fixture
def index(tmp_path, monkeypatch):
    """The common index."""
    made = Index(tmp_path / "uv-cache")
    for name in ("ipykernel", "pip", "six", "nvidia-cublas", "nvidia-cublas-cu12"):
        made.add(name, "1.0")
    made.add("torch", "2.13.0", "nvidia-cublas")
    for name, value in made.env.items():
        monkeypatch.setenv(name, value)
    yield made
    made.close()


@pytest.fixture
def torchs(index, monkeypatch):
    """torch's own, one address for every build."""
    made = Index(index.cache)
    made.add("torch", "2.13.0+cpu")
    made.add("torch", "2.13.0+cu126", "nvidia-cublas-cu12")
    catalogue = replace(read_catalogue(), torch_index=made.url)
    monkeypatch.setattr(planning, "read_catalogue", lambda: catalogue)
    yield made
    made.close()


@pytest.fixture
def machine(tmp_path, index):
    """A machine without an engine, and with a project."""

    def none():
        message = "no Docker here"
        raise EngineNotFoundError(message)

    for name in ("home", "p/.git"):
        (tmp_path / name).mkdir(parents=True)
    return Context(
        home=tmp_path / "home", env=dict(os.environ), data=tmp_path / "data",
        kernels=tmp_path / "kernels", connect=none,
    )  # fmt: skip


def notebook(machine, *sources):
    path = machine.home.parent / "p/a.ipynb"
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def made(machine, *requirements, targets=("cpu", "cuda"), driver="550.54"):
    """The plan of a notebook whose kernel has these packages."""
    project = find_project(machine.home.parent / "p", home=machine.home)
    request = ContainerizeRequest(
        notebooks=(), targets=targets, gpu_host=GpuHost(driver=driver, origin="--driver")
    )
    facts = (snapshot(*requirements),)
    existing = read_environment(project.root)
    return make_plan(machine, request, project, existing, facts, engine=None)


def written(machine, *requirements, targets=("cpu", "cuda"), driver="550.54"):
    """What `containerize --no-build` tells of its plan, and the result."""
    sources = [f"import {r.name}" for r in requirements]
    request = ContainerizeRequest(
        notebooks=(notebook(machine, *sources),), targets=targets, build=False,
        snapshot=snapshot(*requirements), gpu_host=GpuHost(driver=driver, origin="--driver"),
    )  # fmt: skip
    events = []
    result = containerize(machine, request, events.append)
    return next(event for event in events if isinstance(event, Planned)), result


def files(machine):
    folder = machine.home.parent / "p/.devcontainer"
    found = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return {name: path.read_bytes() for name, path in found.items()}


def of_the_twin(machine):
    return {name: content for name, content in files(machine).items() if "cuda" in name}


def versions(lock):
    return {p.name: p.version for p in lock.packages}


def test_both_are_locked_each_in_its_build(machine, torchs):
    plan = made(machine, TORCH)
    assert versions(plan.environments[0].lock)["torch"] == "2.13.0+cpu"
    spec, lock = plan.environments[0].for_target("cuda")
    assert spec.target == "cuda"
    assert versions(lock)["torch"] == "2.13.0+cu126"
    assert versions(lock)["nvidia-cublas-cu12"] == "1.0"
    assert spec.estimated_bytes > 0
    paths = {file.path for file in plan.tree.files}
    assert ".devcontainer/cuda/devcontainer.json" in paths
    assert ".devcontainer/requirements.cuda.in" in paths


def test_without_a_twin_none_is_planned_and_none_is_asked_for(machine, torchs):
    plan = made(machine, TORCH, targets=("cpu",))
    assert plan.environments[0].twin is None
    assert not any("cuda" in file.path for file in plan.tree.files)
    assert not any("cu126" in path for path in torchs.asked)
    with pytest.raises(PlanError, match="Nothing was planned for CUDA"):
        plan.environments[0].for_target("cuda")


def test_where_nothing_fits_the_plan_answers_and_keeps_the_problem(machine, torchs):
    plan = made(machine, TORCH, driver="470.256")
    assert versions(plan.environments[0].lock)["torch"] == "2.13.0+cpu"
    assert plan.environments[0].twin.spec is None
    assert not any("cuda" in file.path for file in plan.tree.files)
    with pytest.raises(NoCudaError) as caught:
        plan.environments[0].for_target("cuda")
    assert caught.value is plan.environments[0].twin.problem


def test_where_its_index_is_away_the_decisions_are_there_and_the_lock_is_not(machine, torchs):
    torchs.close()
    plan = made(machine, TORCH)
    assert (
        versions(plan.environments[0].lock)["torch"] == "2.13.0"
    )  # the usual build, which runs on a CPU too
    assert plan.environments[0].twin.lock is None
    assert {r.text for r in plan.environments[0].twin.spec.requirements} >= {"torch==2.13.0+cu126"}
    with pytest.raises(IndexUnreachableError) as caught:
        plan.environments[0].for_target("cuda")
    assert torchs.url in caught.value.message


@pytest.mark.parametrize(
    ("driver", "error"), [("470.256", NoCudaError), ("550.54", IndexUnreachableError)]
)
def test_asking_for_a_twin_that_cannot_be_had_writes_nothing(machine, torchs, driver, error):
    if error is IndexUnreachableError:
        torchs.close()
    with pytest.raises(error):
        written(machine, TORCH, targets=("cuda",), driver=driver)
    assert files(machine) == {}


@pytest.mark.parametrize("gone", ["index", "driver"])
def test_for_the_cpu_alone_a_twin_that_cannot_be_had_stays_as_it_is(machine, torchs, index, gone):
    written(machine, TORCH)
    before, twin = files(machine), of_the_twin(machine)
    assert {"cuda/devcontainer.json", "requirements.cuda.in"} <= set(twin)
    driver = "550.54" if gone == "index" else "470.256"
    if gone == "index":
        torchs.close()
        index.cache.rename(index.cache.with_name("elsewhere"))
    told, result = written(machine, TORCH, captured("six==1.0"), targets=("cpu",), driver=driver)
    assert "six==1.0" in files(machine)["requirements.in"].decode()
    assert of_the_twin(machine) == twin
    assert files(machine)["Dockerfile"] == before["Dockerfile"]
    assert not any("cuda" in path for path in result.files)
    assert told.twin_problem.code == ("index_unreachable" if gone == "index" else "no_cuda")
    said = wording.planned(told)
    assert f"The CUDA files stay as they are: {told.twin_problem.message}." in said


def test_for_the_cpu_alone_a_twin_that_can_be_had_follows(machine, torchs):
    written(machine, TORCH)
    told, result = written(machine, TORCH, captured("six==1.0"), targets=("cpu",))
    assert told.twin_problem is None
    assert ".devcontainer/requirements.cuda.in" in result.files
    assert "six==1.0" in files(machine)["requirements.cuda.in"].decode()
    assert "The CUDA files stay" not in wording.planned(told)
    _, again = written(machine, TORCH, captured("six==1.0"), targets=("cpu",))
    assert again.files == ()


def test_a_dockerfile_with_stages_for_the_twin_alone_is_not_written_without_them(
    machine, torchs, index
):
    index.add("ctranslate2", "4.8.5")
    both = (TORCH, captured("ctranslate2==4.8.5"))
    written(machine, *both)
    before = files(machine)
    assert b" AS nvidia\n" in before["Dockerfile"]
    torchs.close()
    index.cache.rename(index.cache.with_name("elsewhere"))
    with pytest.raises(PlanError) as caught:
        written(machine, *both, captured("six==1.0"), targets=("cpu",))
    assert "does not answer" in caught.value.message
    assert "remove .devcontainer/cuda" in caught.value.hint
    assert files(machine) == before
    shutil.rmtree(machine.home.parent / "p/.devcontainer/cuda")
    written(machine, *both, captured("six==1.0"), targets=("cpu",))
    assert b"nvidia" not in files(machine)["Dockerfile"]


def test_each_group_has_a_twin_of_its_own(machine, torchs):
    project = find_project(machine.home.parent / "p", home=machine.home)
    notebook(machine, "import torch")
    request = ContainerizeRequest(
        targets=("cpu", "cuda"), gpu_host=GpuHost(driver="550.54", origin="--driver"),
        split=SplitWish(),
    )  # fmt: skip
    facts = (snapshot(TORCH), snapshot(captured("six==1.0"), notebook="b.ipynb"))
    existing = read_environment(project.root)
    plan = make_plan(machine, request, project, existing, facts, engine=None)
    a, b = plan.environments
    assert [e.spec.group for e in plan.environments] == ["a", "b"]
    assert versions(a.for_target("cuda")[1])["torch"] == "2.13.0+cu126"
    assert "torch" not in versions(b.for_target("cuda")[1])
    common = [
        {p.name for p in lock.packages if p.group == "common"}
        for e in plan.environments
        for lock in (e.lock, e.for_target("cuda")[1])
    ]
    assert common == [{"ipykernel", "pip"}] * 4
    texts = {file.path: file for file in plan.tree.files}
    assert ".devcontainer/a-cuda/devcontainer.json" in texts
    assert ".devcontainer/requirements.b-cuda.in" in texts
    assert ".devcontainer/cuda/devcontainer.json" in plan.tree.absent
