"""Which folders of this machine a box has."""

from __future__ import annotations

import pytest

from jupyter_devbox.spec.container import ContainerInfo, Mount
from jupyter_devbox.workflow.tensorboard import folder_in_box


@pytest.fixture
def box(tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "data").mkdir()
    mounts = (
        Mount(source=str(tmp_path / "p"), target="/workspaces/p"),
        Mount(source=str(tmp_path / "data"), target="/data"),
    )
    return ContainerInfo(id="c", name="c", image="i", status="running", mounts=mounts)


def test_below_what_is_mounted(box, tmp_path):
    assert folder_in_box(box, tmp_path / "p" / "runs" / "a b") == "/workspaces/p/runs/a b"
    assert folder_in_box(box, tmp_path / "data") == "/data"


def test_anything_else_it_has_not(box, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "p" / "link").symlink_to(tmp_path / "elsewhere")
    assert folder_in_box(box, tmp_path / "elsewhere") == ""
    assert folder_in_box(box, tmp_path / "p" / ".." / "elsewhere") == ""
    assert folder_in_box(box, tmp_path / "p" / "link") == ""  # in the box it leads nowhere


def test_a_project_that_is_reached_through_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    mounts = (Mount(source=str(tmp_path / "link"), target="/workspaces/p"),)
    box = ContainerInfo(id="c", name="c", image="i", status="running", mounts=mounts)
    assert folder_in_box(box, tmp_path / "real" / "runs") == "/workspaces/p/runs"
    assert folder_in_box(box, tmp_path / "link" / "runs") == "/workspaces/p/runs"
