"""What `containerize --binder` writes, keeps up to date, warns of and refuses."""

from __future__ import annotations

import os
import subprocess

import nbformat
import pytest
from makers import captured, snapshot
from simple_index import Index

from jupyter_devbox.errors import BinderError, ConflictError, EngineNotFoundError, RequirementError
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.view import wording
from jupyter_devbox.workflow import binder as use_case
from jupyter_devbox.workflow.containerize import containerize
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.requests import ContainerizeRequest

NAMES = ("ipykernel", "pip", "six", "jupyterlab", "jupyterhub", "notebook")
DOCKERFILE = {"Dockerfile", "requirements.txt", "wheels.txt"}
BUILDPACK = {"postBuild", "requirements.txt", "runtime.txt", "wheels.txt"}


@pytest.fixture
def index(tmp_path, monkeypatch):
    made = Index(tmp_path / "uv-cache")
    for name in NAMES:
        made.add(name, "1.0")
    for name, value in made.env.items():
        monkeypatch.setenv(name, value)
    yield made
    made.close()


@pytest.fixture
def project(tmp_path, index):
    """A project with a notebook, on a machine without an engine."""

    def none():
        message = "no Docker here"
        raise EngineNotFoundError(message)

    for name in ("home", "p/.git"):
        (tmp_path / name).mkdir(parents=True)
    cell = nbformat.v4.new_code_cell("import six")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "p/a.ipynb")
    context = Context(
        home=tmp_path / "home", env=dict(os.environ), data=tmp_path / "data",
        kernels=tmp_path / "kernels", connect=none,
    )  # fmt: skip

    def go(binder="", *requirements, **more):
        request = ContainerizeRequest(
            notebooks=(tmp_path / "p/a.ipynb",), build=False,
            snapshot=snapshot(*(requirements or (captured("six==1.0"),))),
            wishes=ProjectOptions(binder=binder, **more),
        )  # fmt: skip
        return containerize(context, request, lambda _: None)

    go.root = tmp_path / "p"
    go.context = context
    return go


def there(project):
    folder = project.root / "binder"
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def codes(result):
    return [w["code"] for w in result.to_json()["warnings"]]


def digest(project):
    return {p: p.read_bytes() for p in sorted(project.root.rglob("*")) if p.is_file()}


@pytest.mark.parametrize(("mode", "names"), [("dockerfile", DOCKERFILE), ("buildpack", BUILDPACK)])
def test_it_is_written_remembered_and_written_once(project, mode, names):
    assert project().binder is None
    assert there(project) == set()
    result = project(mode)
    assert there(project) == names
    assert codes(result) == []
    assert result.binder.estimated_bytes > 0
    before = digest(project)
    again = project()
    assert (again.files, digest(project)) == ((), before)
    lock = (project.root / "binder/requirements.txt").read_text()
    assert {"jupyterlab==1.0 \\", "jupyterhub==1.0 \\", "six==1.0 \\"} <= set(lock.splitlines())
    own = (project.root / ".devcontainer/requirements.stable.txt").read_text()
    assert "jupyterlab" not in own


def test_the_next_call_brings_it_up_to_date_and_off_leaves_it_alone(project, index):
    project("dockerfile")
    index.add("rich", "1.0")
    project("", captured("six==1.0"), captured("rich==1.0"))
    lock = project.root / "binder/requirements.txt"
    assert "rich==1.0" in lock.read_text()
    project("off")
    text = (project.root / ".devcontainer/devcontainer.json").read_text()
    assert '"binder"' not in text
    before = lock.read_bytes()
    project("", captured("six==1.0"))
    assert lock.read_bytes() == before


def test_hand_edits_stay_and_where_both_changed_it_is_a_conflict(project, index):
    project("dockerfile")
    path = project.root / "binder/Dockerfile"
    path.write_text(path.read_text() + "\nRUN echo mine\n")
    project("", apt=("tini",))
    assert path.read_text().endswith("\nRUN echo mine\n")
    assert "tini" in path.read_text()
    path.write_text(path.read_text().replace("tini", "tini nano"))
    before = digest(project)
    with pytest.raises(ConflictError, match="binder/Dockerfile"):
        project("", apt=("jq",))
    assert digest(project) == before


def test_a_lock_for_binder_that_was_edited_is_a_conflict(project):
    project("dockerfile")
    path = project.root / "binder/requirements.txt"
    path.write_text(path.read_text().replace("six==1.0", "six==0.9"))
    with pytest.raises(ConflictError, match=r"binder/requirements\.txt"):
        project()


def test_a_hand_written_dockerfile_in_binder_is_not_overwritten(project):
    (project.root / "binder").mkdir()
    (project.root / "binder/Dockerfile").write_text("FROM scratch\n")
    with pytest.raises(ConflictError, match="binder/Dockerfile"):
        project("dockerfile")
    assert there(project) == {"Dockerfile"}


def test_it_warns_once_before_it_hides_files_at_the_top(project):
    for name in ("environment.yml", "postBuild", "apt.txt"):
        (project.root / name).write_text("")
    result = project("dockerfile")
    assert codes(result) == ["binder_hides"]
    (line,) = wording.for_binder(result.binder)
    assert line == (
        "! Binder will read binder/, and no longer: environment.yml, apt.txt, postBuild"
    )
    assert codes(project()) == []


@pytest.mark.parametrize("both", [True, False])
def test_two_folders_for_binder_are_refused_and_nothing_is_written(project, both):
    (project.root / ".binder").mkdir()
    if both:
        (project.root / "binder").mkdir()
    before = digest(project)
    with pytest.raises(BinderError, match=r"side by side: `\.binder`"):
        project("dockerfile")
    assert digest(project) == before


def test_what_stands_in_binders_way_later_holds_nothing_up(project):
    project("dockerfile")
    (project.root / ".binder").mkdir()
    before = (project.root / "binder/Dockerfile").read_bytes()
    result = project("", apt=("tini",))
    assert codes(result) == ["binder_stays"]
    assert (project.root / "binder/Dockerfile").read_bytes() == before
    assert "tini" in (project.root / ".devcontainer/Dockerfile").read_text()


def test_the_build_pack_does_not_go_beside_a_dockerfile(project):
    project("dockerfile")
    with pytest.raises(BinderError, match="binder/Dockerfile"):
        project("buildpack")
    (project.root / "binder/Dockerfile").unlink()
    project("buildpack")
    assert there(project) == BUILDPACK


def test_runtime_txt_follows_the_plan_and_an_edit_of_it_is_the_user_s(project):
    project("buildpack", python="3.11")
    path = project.root / "binder/runtime.txt"
    assert path.read_text() == "python-3.11\n"
    project("", python="3.12")
    assert path.read_text() == "python-3.12\n"
    path.write_text("python-3.10\n")
    project()
    assert path.read_text() == "python-3.10\n"
    with pytest.raises(ConflictError, match=r"runtime\.txt"):
        project("", python="3.13")


def test_a_large_image_a_folder_further_down_and_moved_versions_are_said(
    project, monkeypatch, tmp_path
):
    monkeypatch.setattr(use_case, "LARGE_BYTES", 1)
    (project.root / ".git").rmdir()
    (tmp_path / ".git").mkdir()
    (project.root / "pyproject.toml").write_text("")
    (project.root / ".devcontainer").mkdir()
    result = project("dockerfile")
    assert codes(result) == ["binder_hides", "binder_large", "binder_nested"]
    assert "pyproject.toml" in wording.for_binder(result.binder)[0]


@pytest.fixture
def repository(project):
    """The project as a real repository, whose settings would run a program."""
    (project.root / ".git").rmdir()
    git = ("git", "-C", str(project.root))
    subprocess.run([*git, "init", "--quiet"], check=True)
    monitor = project.root / ".git/monitor"
    monitor.write_text(f"#!/bin/sh\ntouch '{project.root}/ran'\n")
    monitor.chmod(0o755)
    subprocess.run([*git, "config", "core.fsmonitor", str(monitor)], check=True)
    return git


def test_what_git_ignores_and_binder_needs_is_said(project, repository):
    (project.root / ".gitignore").write_text("wheels/\n*.pyc\n")
    result = project("dockerfile")
    assert codes(result) == ["binder_ignored"]
    (line,) = wording.for_binder(result.binder)
    assert "jupyter_devbox-" in line
    assert line.endswith("Next: git add --force .devcontainer/wheels")
    assert not (project.root / "ran").exists()
    add = [*repository, "-c", "core.fsmonitor=false", "add", "--force", ".devcontainer/wheels"]
    subprocess.run(add, check=True)
    assert codes(project()) == []
    assert not (project.root / "ran").exists()


def test_cuda_never_goes_there(project, index):
    index.add("nvidia-nccl-cu12", "1.0")
    index.add("booster", "1.0", "nvidia-nccl-cu12")
    with pytest.raises(BinderError, match="nvidia-nccl-cu12"):
        project("dockerfile", captured("booster==1.0"))
    assert there(project) == set()


@pytest.mark.parametrize("value", ["docker", "Dockerfile\n", "../x", "none"])
def test_a_way_to_binder_that_nobody_knows_is_refused(project, value):
    with pytest.raises(RequirementError, match="way to Binder"):
        project(value)
