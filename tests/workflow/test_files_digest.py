"""Which files make an image another image."""

from __future__ import annotations

import os

import pytest

from jupyter_devbox.workflow.made_of import files_digest


@pytest.fixture
def folder(tmp_path):
    for name in ("Dockerfile", "requirements.txt", "devcontainer.json", "wheels/a.whl"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    return tmp_path


@pytest.mark.parametrize("name", ["Dockerfile", "requirements.txt", "wheels/a.whl", "setup.sh"])
def test_what_a_dockerfile_can_copy_counts(folder, name):
    before = files_digest(folder, "cpu")
    (folder / name).write_text("other")
    assert files_digest(folder, "cpu") != before


@pytest.mark.parametrize(
    "name",
    ["devcontainer.json", "requirements.in", "requirements.cuda.in", "requirements.cuda.txt"],
)
def test_what_says_how_the_box_is_run_does_not(folder, name):
    before = files_digest(folder, "cpu")
    (folder / name).write_text("other")
    assert files_digest(folder, "cpu") == before


def test_each_target_counts_its_own_lock(folder):
    before = files_digest(folder, "cpu"), files_digest(folder, "cuda")
    (folder / "requirements.cuda.txt").write_text("other")
    assert files_digest(folder, "cpu") == before[0]
    assert files_digest(folder, "cuda") != before[1]


def test_links_and_pipes_hold_nothing_up(folder):
    before = files_digest(folder, "cpu")
    (folder / "zero").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe")
    assert files_digest(folder, "cpu") == before
