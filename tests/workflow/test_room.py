"""What building takes of the disk, by what the engine has already."""

from __future__ import annotations

import os
from dataclasses import replace

import nbformat
import pytest
from engine.fake import FakeEngine
from makers import lock, locked, spec

from jupyter_devbox.errors import NoCudaError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.writer import Change, Changes
from jupyter_devbox.plan.estimate import estimate_bytes
from jupyter_devbox.spec.gpu import GpuHost
from jupyter_devbox.spec.project import ExistingEnvironment
from jupyter_devbox.workflow.containerize import containerize
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.made_of import LABEL_FILES, files_digest, image_tag
from jupyter_devbox.workflow.plans import EnvironmentPlan, Twin
from jupyter_devbox.workflow.proposing import propose
from jupyter_devbox.workflow.requests import ContainerizeRequest, Planned
from jupyter_devbox.workflow.room import free_bytes, needed_bytes

GB = 10**9
LOCK = lock(locked("torch==2.13.0", size=2 * GB), locked("six==1.16.0", size=10**8, group="rest"))
NOTHING = Changes(changes=(), conflicts=())


def sized(target="cpu"):
    made = spec(target=target)
    return replace(made, estimated_bytes=estimate_bytes(made, LOCK))


@pytest.fixture
def project(tmp_path):
    (tmp_path / "p/.devcontainer").mkdir(parents=True)
    (tmp_path / "p/.devcontainer/Dockerfile").write_text("FROM x\n")
    return Project(root=tmp_path / "p", reason="it has .git")


@pytest.fixture
def images(tmp_path):
    (tmp_path / "engine").mkdir()
    engine = FakeEngine(tmp_path / "engine")
    yield engine
    engine.close()


def made(twin=None):
    return EnvironmentPlan(spec=sized(), lock=LOCK, twin=twin, existing=ExistingEnvironment())


def changed(*names):
    files = (Change(path=f".devcontainer/{n}", old=b"1", new=b"2") for n in names)
    return Changes(changes=tuple(files), conflicts=())


def needed(engine, project, plan, changes=NOTHING, targets=("cpu",)):
    return needed_bytes(engine, project, [plan], changes, targets)


def test_a_first_build_takes_the_image_and_the_cache(project, images):
    plan = made()
    assert needed(images, project, plan) > plan.spec.estimated_bytes + 2 * GB
    assert needed(None, project, plan) == needed(images, project, plan)


def test_what_is_there_as_planned_takes_nothing(project, images):
    digest = files_digest(project.root / ".devcontainer", "cpu")
    images._add_image(image_tag(project, "cpu"), {LABEL_FILES: digest})
    assert needed(images, project, made()) == 0
    (project.root / ".devcontainer/Dockerfile").write_text("FROM y\n")
    assert 0 < needed(images, project, made()) < GB


@pytest.mark.parametrize(
    ("name", "whole"),
    [("requirements.txt", False), ("requirements.stable.txt", True), ("Dockerfile", True)],
)
def test_over_an_image_that_is_there_its_changed_layers_count(project, images, name, whole):
    plan = made()
    first = needed(images, project, plan)
    images._add_image(image_tag(project, "cpu"), {LABEL_FILES: "older"})
    again = needed(images, project, plan, changed(name))
    assert again == first if whole else again < GB


def test_targets_add_up_and_a_virtual_environment_lies_elsewhere(project, images):
    plan = made(Twin(spec=sized("cuda"), lock=LOCK))
    one = needed(images, project, plan)
    assert needed(images, project, plan, targets=("cpu", "cuda")) == 2 * one
    assert needed(images, project, plan, targets=("venv",)) == 0


def test_a_twin_that_cannot_be_had_takes_nothing(project, images):
    plan = made(Twin(problem=NoCudaError("no")))
    assert needed(images, project, plan, targets=("cuda",)) == 0


def test_the_room_is_that_of_the_engine_s_disk(project, images):
    assert free_bytes(images, project.root) is None
    assert free_bytes(None, project.root) > 0


class Full(FakeEngine):
    """An engine whose disk has 100 MB left."""

    def info(self):
        return replace(super().info(), free_bytes=10**8)


@pytest.mark.network
@pytest.mark.parametrize("targets", [("cpu",), ("cpu", "cuda")])
def test_it_is_told_before_anything_is_written_and_nothing_is_refused(tmp_path, targets):
    for name in ("home", "engine", "p"):
        (tmp_path / name).mkdir()
    notebook = tmp_path / "p/n.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), notebook)
    (tmp_path / "p/.git").mkdir()
    context = Context(
        home=tmp_path / "home", env=dict(os.environ), data=tmp_path / "data",
        kernels=tmp_path / "kernels", connect=lambda: Full(tmp_path / "engine"),
    )  # fmt: skip
    request = ContainerizeRequest(
        notebooks=(notebook,), targets=targets, dry_run=True, gpu_host=GpuHost(driver="580.95")
    )
    events = []
    result = containerize(context, request, events.append)
    (planned,) = [event for event in events if isinstance(event, Planned)]
    assert planned.free_bytes == 10**8 < planned.needed_bytes
    assert planned.needed_bytes >= result.spec.estimated_bytes * len(targets)
    proposal = propose(context, request)
    room = (proposal.free_bytes, proposal.needed_bytes)
    assert room == (planned.free_bytes, planned.needed_bytes)
