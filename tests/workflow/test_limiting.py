"""Other limits for a kernel's box: they change, and nothing else of the project does."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest
from engine.fake import FakeEngine
from makers import direct, lock, locked, spec

from jupyter_devbox.catalogue import read_catalogue
from jupyter_devbox.errors import (
    BuildError,
    ConfigurationError,
    ConflictError,
    EngineNotRunningError,
    NotFoundError,
    UntrustedProjectError,
    UsageError,
)
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.files.writer import compare, write
from jupyter_devbox.render import Member, render, render_split
from jupyter_devbox.run.kernelspec import installed_kernelspecs
from jupyter_devbox.spec.container import ImageInfo, Limits
from jupyter_devbox.spec.gpu import GpuRequest
from jupyter_devbox.spec.groups import Group
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.workflow.limiting import limit_kernel
from jupyter_devbox.workflow.making import register_box_kernel
from jupyter_devbox.workflow.trusting import approve, record_written, require_files, review
from jupyter_devbox.workflow.turns import turn

CONFIG = ".devcontainer/devcontainer.json"
CUDA = ".devcontainer/cuda/devcontainer.json"
COMPOSE = ".devcontainer/compose.yaml"
CUDA_COMPOSE = ".devcontainer/cuda/compose.yaml"
PINS = lock(locked("numpy==2.1.0"))
POSTGRES = tuple(s for s in read_catalogue().services if s.name == "postgres")


def image(number):
    return ImageInfo(id=f"sha256:{str(number) * 64}")


def no_engine():
    raise EngineNotRunningError("not running")


class Lab:
    """A project whose files we wrote, and its kernels."""

    def __init__(self, context, root):
        self.context, self.root = context, root
        self.project = Project(root=root, reason="")
        root.mkdir()

    def tree(self, *, services=(), **options):
        existing, twin = read_environment(self.root), read_environment(self.root, "cuda")
        notebooks = {"notebooks": ("a.ipynb",), "services": services}
        cpu = spec(direct("numpy==2.1.0"), project="lab", **notebooks)
        options = replace(existing.options, services=tuple(s.name for s in services), **options)
        return render(
            cpu, PINS, options, uv_version="0.8.0", twin=(replace(cpu, target="cuda"), PINS),
            run_args=existing.run_args, twin_run_args=twin.run_args,
        )  # fmt: skip

    def put(self, tree):
        changes = compare(self.root, tree)
        write(self.root, changes)
        record_written(self.context, self.root, changes)

    def register(self, *environments):
        for number, (target, group) in enumerate(environments, 1):
            register_box_kernel(self.context, self.project, image(number), target, group)

    def config(self, end="cpu"):
        (found,) = (s for s in installed_kernelspecs(self.context.kernels) if s.name.endswith(end))
        return found.ours["config"]

    def name(self, end="cpu"):
        names = [spec.name for spec in installed_kernelspecs(self.context.kernels)]
        return next(name for name in names if name.endswith(end))

    def limit(self, end="cpu", **asked):
        return limit_kernel(self.context, self.name(end), asked)

    def files(self):
        found = (path for path in self.root.rglob("*") if path.is_file())
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in found}

    def edit(self, path, old, new):
        file = self.root / path
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    def approve(self):
        approve(self.context, review(self.context, self.root), files=True, allow=())


@pytest.fixture
def empty(context, tmp_path):
    return Lab(replace(context, connect=no_engine), tmp_path / "lab")


@pytest.fixture
def lab(empty):
    (empty.root / "a.ipynb").write_text("{}")
    empty.put(empty.tree())
    empty.register(("cpu", ""), ("cuda", ""))
    return empty


@pytest.fixture
def composed(empty):
    empty.put(empty.tree(services=POSTGRES))
    empty.register(("cpu", ""), ("cuda", ""))
    return empty


def test_limits_change_and_nothing_else(lab):
    # What is not in the image yet: an import, and a line that nobody has approved.
    (lab.root / "a.ipynb").write_text('{"cells": [{"source": "import seaborn"}]}')
    with (lab.root / ".devcontainer/requirements.in").open("a") as file:
        file.write("scipy\n")
    before, kernel, other = lab.files(), lab.config(), lab.config("cuda")
    done = lab.limit(memory="4g", cpus="1.5", shm_size="1g", pids="512")
    after = lab.files()
    assert {path for path in after if after[path] != before.get(path)} == {CONFIG} == {*done.files}
    limits = Limits(memory=4 << 30, cpus=1.5, shm=1 << 30, pids=512)
    assert (done.limits, done.gpus, done.warnings) == (limits, None, ())
    said = {"memory": 4 << 30, "cpus": 1.5, "shm": 1 << 30, "pids": 512}
    assert lab.config() == {**kernel, **said}
    assert lab.config("cuda") == other, "the twin has limits of its own"
    assert lab.limit(memory="4g").files == ()
    lab.limit(memory="off", pids="off")
    assert read_environment(lab.root).run_args == ["--cpus=1.5", "--shm-size=1g"]


def test_what_a_containerize_would_write_afterwards_is_there_already(lab):
    lab.limit(memory="4g")
    lab.limit("cuda", gpus="0,1", memory="9g")
    assert compare(lab.root, lab.tree()).changes == ()
    require_files(lab.context, lab.root)


def test_words_and_comments_of_the_users_stay(lab):
    old = '"init": true,'
    lab.edit(CONFIG, old, f'{old} // mine\n  "runArgs": ["-m", "1g", "--ulimit=core=0"], /* x */')
    lab.approve()
    before = (lab.root / CONFIG).read_text()
    done = lab.limit(memory="2g")
    assert '"runArgs": ["--ulimit=core=0", "--memory=2g"], /* x */' in " ".join(
        (lab.root / CONFIG).read_text().split()
    )
    assert "// mine" in (lab.root / CONFIG).read_text()
    assert done.limits == Limits(memory=2 << 30, ulimits=("core=0",))
    lab.limit(memory="1g")
    assert (lab.root / CONFIG).read_text().splitlines()[:5] == before.splitlines()[:5]


def test_the_cards_of_the_twin(lab):
    before = lab.files()
    done = lab.limit("cuda", gpus="1", memory="8g")
    assert done.gpus == GpuRequest(devices=("1",))
    assert {*done.files} == {CONFIG, CUDA}
    assert (lab.config("cuda")["gpus"], lab.config("cuda")["memory"]) == (["1"], 8 << 30)
    assert "gpus" not in lab.config()
    assert read_environment(lab.root).options.gpus == "1"
    assert "--gpus" not in (lab.root / CUDA).read_text()
    assert lab.limit("cuda", gpus="all").gpus == GpuRequest()
    assert lab.config("cuda")["gpus"] == []
    lab.limit("cuda", memory="off")
    changed = {path for path, content in lab.files().items() if content != before[path]}
    assert changed <= {CONFIG, CUDA}


def test_cards_are_a_cuda_boxs_alone(lab):
    before = lab.files()
    with pytest.raises(UsageError, match="Only a CUDA box"):
        lab.limit(gpus="0")
    for gpus in ("none", "-1", "0,", "/dev/sda", "0\n1", "0," * 5000):
        with pytest.raises(ConfigurationError, match="no graphics cards"):
            lab.limit("cuda", gpus=gpus)
    assert lab.files() == before


@pytest.mark.parametrize(
    "asked", [{"memory": "lots"}, {"cpus": "-1"}, {"pids": "1"}, {"shm_size": "1\n--privileged"}]
)
def test_what_is_no_limit_changes_nothing(lab, asked):
    before = lab.files()
    with pytest.raises(ConfigurationError):
        lab.limit(**asked)
    assert lab.files() == before


def test_where_compose_starts_the_boxes_both_have_the_same(composed):
    done = composed.limit(memory="4g", cpus="1.5", shm_size="1g", pids="512")
    assert {*done.files} == {CONFIG, COMPOSE, CUDA_COMPOSE}
    assert done.limits == Limits(memory=4 << 30, cpus=1.5, shm=1 << 30, pids=512)
    for end in ("cpu", "cuda"):
        assert (composed.config(end)["memory"], composed.config(end)["pids"]) == (4 << 30, 512)
    composed.limit("cuda", gpus="0", memory="off", cpus="2")
    text = (composed.root / CUDA_COMPOSE).read_text()
    assert 'device_ids: ["0"]' in text
    assert 'cpus: "2"' in text
    assert "mem_limit" not in text
    assert 'pids_limit: "512"' in (composed.root / COMPOSE).read_text()
    assert composed.config("cuda")["gpus"] == ["0"]
    assert compare(composed.root, composed.tree(services=POSTGRES)).changes == ()
    require_files(composed.context, composed.root)
    composed.limit(cpus="off", shm_size="off", pids="off")
    assert compare(composed.root, composed.tree(services=POSTGRES)).changes == ()


def test_a_database_of_an_older_catalogue_stays(composed):
    old = composed.root / COMPOSE
    tree = composed.tree(services=(replace(POSTGRES[0], image="postgres:9"),))
    composed.put(tree)
    done = composed.limit(memory="1g")
    assert COMPOSE in done.files
    assert '"postgres:9"' in old.read_text()


def test_a_hand_edit_of_the_same_place_is_shown(composed):
    composed.edit(COMPOSE, "interval: 3s", "interval: 30s")
    composed.approve()
    before = composed.files()
    with pytest.raises(ConflictError, match=COMPOSE) as caught:
        composed.limit(memory="1g")
    assert any("mem_limit" in line for line in caught.value.details)
    assert not any("interval" in line for line in caught.value.details)
    assert composed.files() == before
    assert composed.config()["memory"] == 0


@pytest.mark.parametrize("path", [CONFIG, CUDA])
def test_what_is_not_approved_is_not_written_into(lab, path):
    lab.edit(path, '"remoteUser": "jovyan"', '"remoteUser": "jovyan", "privileged": true')
    before = lab.files()
    with pytest.raises(UntrustedProjectError) as caught:
        lab.limit("cuda", gpus="0")
    assert any("privileged" in line for line in caught.value.details)
    assert lab.files() == before
    assert lab.config("cuda")["gpus"] == []
    if path == CUDA:
        assert lab.limit(memory="1g").files == (CONFIG,), "that file says nothing of this box"
    lab.approve()
    assert lab.limit("cuda", gpus="0").gpus == GpuRequest(devices=("0",))


def test_a_limit_that_stands_there_must_be_sound_too(lab):
    lab.edit(CONFIG, '"init": true,', '"init": true, "runArgs": ["--memory=lots"],')
    lab.approve()
    before = lab.files()
    with pytest.raises(ConfigurationError, match="lots"):
        lab.limit(cpus="2")
    assert lab.files() == before


def test_a_group_has_limits_of_its_own(empty):
    groups = (Group(name="train", notebooks=("a.ipynb",)), Group(name="plots", notebooks=()))
    members = [
        Member(spec=spec(direct("numpy==2.1.0"), project="lab", group=g.name), lock=PINS)
        for g in groups
    ]
    empty.put(render_split(members, groups, ProjectOptions(), uv_version="0.8.0"))
    empty.register(("cpu", "train"), ("cpu", "plots"))
    done = empty.limit("train-cpu", memory="4g")
    assert {*done.files} == {CONFIG, ".devcontainer/train/devcontainer.json"}
    assert empty.limit("plots-cpu", memory="1g").files == (".devcontainer/plots/devcontainer.json",)
    assert empty.config("train-cpu")["memory"] == 4 << 30
    assert empty.config("plots-cpu")["memory"] == 1 << 30


def test_who_builds_is_not_waited_for(lab):
    with turn(lab.context, lab.project, lambda _: None, threading.Event()):
        with pytest.raises(BuildError, match="is being built") as caught:
            lab.limit(memory="1g")
        assert "has ended" in caught.value.hint
    assert lab.limit(memory="1g").files == (CONFIG,)


def test_a_kernel_that_is_none(lab):
    for name in ("", "python3", "devbox-none-cpu", "../../etc", "x" * 5000):
        with pytest.raises(NotFoundError) as caught:
            limit_kernel(lab.context, name, {"memory": "1g"})
        assert len(caught.value.message) < 200
    (found,) = (s for s in installed_kernelspecs(lab.context.kernels) if s.name.endswith("cpu"))
    file = found.folder / "kernel.json"
    value = json.loads(file.read_text())
    value["metadata"]["jupyter_devbox"] |= {"target": "venv", "image": None}
    file.write_text(json.dumps(value))
    with pytest.raises(NotFoundError):
        limit_kernel(lab.context, found.name, {"memory": "1g"})


def test_files_that_are_gone(lab):
    (lab.root / CUDA).unlink()
    with pytest.raises(ConfigurationError, match="is gone"):
        lab.limit("cuda", memory="1g")
    lab.root.rename(lab.root.parent / "moved")
    with pytest.raises(ConfigurationError, match="project is gone"):
        lab.limit(memory="1g")


class Small(FakeEngine):
    def info(self):
        return replace(super().info(), cpus=2, memory=1 << 30)


def test_what_the_machine_has_not_is_said_and_written_all_the_same(lab, tmp_path):
    lab.context = replace(lab.context, connect=lambda: Small(tmp_path))
    done = lab.limit(memory="4g", cpus="1")
    assert [code for code, _ in done.warnings] == ["limit_beyond_machine"]
    assert lab.config()["memory"] == 4 << 30
