"""Between host and box: every file of the project there and back, nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jupyter_devbox.run.paths import PathMap

NAMES = st.text(
    st.characters(blacklist_characters="/\0", blacklist_categories=("Cs",)), min_size=1, max_size=12
).filter(lambda name: name not in {".", ".."})
INSIDE = st.lists(NAMES, max_size=4)


@given(project=st.lists(NAMES, min_size=1, max_size=3), inner=INSIDE)
def test_there_and_back(project, inner):
    root = Path("/", *project)
    paths = PathMap(root, f"/workspaces/{root.name}")
    there = paths.to_box(root.joinpath(*inner))
    assert there == "/".join([paths.workspace, *inner])
    assert paths.to_host(there, "/") == root.joinpath(*inner)


@given(inner=INSIDE, folder=INSIDE)
def test_relative_paths_start_at_the_kernels_folder(inner, folder):
    paths = PathMap(Path("/home/u/it's “a” projéct"), "/workspaces/p")
    here = "/".join(["/workspaces/p", *folder])
    assume(inner[:1] != ["~"])  # home, as a shell has it
    assert paths.to_host("/".join(inner) or ".", here) == paths.project.joinpath(*folder, *inner)


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/workspaces", "/workspaces/p2/x", "../../etc/passwd", "~/x/../../y"]
)
def test_outside_the_workspace(path):
    assert PathMap(Path("/p"), "/workspaces/p").to_host(path, "/workspaces/p") is None


def test_outside_the_project(tmp_path):
    paths = PathMap(tmp_path / "p", "/workspaces/p")
    assert paths.to_box(tmp_path) is None
    assert paths.to_box(tmp_path / "p2") is None
    assert paths.to_box(tmp_path / "p" / ".." / "p2") is None


def test_through_a_link(tmp_path):
    (tmp_path / "real" / "sub").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert PathMap(tmp_path / "link", "/w/p").to_box(tmp_path / "real" / "sub") == "/w/p/sub"
    assert PathMap(tmp_path / "real", "/w/p").to_box(tmp_path / "link" / "sub") == "/w/p/sub"


def test_existing_files_only(tmp_path):
    project, secret = tmp_path / "p", tmp_path / "secret"
    project.mkdir()
    secret.write_text("x")
    (project / "a.py").write_text("")
    (project / "leak").symlink_to(secret)
    paths = PathMap(project, "/workspaces/p")
    assert paths.existing("a.py", "/workspaces/p") == str(project / "a.py")
    assert paths.existing("b.py", "/workspaces/p") is None
    assert paths.existing("leak", "/workspaces/p") is None
