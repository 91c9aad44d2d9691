"""Which folder is the project."""

from __future__ import annotations

import pytest

from jupyter_devbox.errors import ProjectError
from jupyter_devbox.files.project import Project, find_project, slug


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home" / "ada"
    folder.mkdir(parents=True)
    return folder.resolve()


def deep(home):
    folder = home / "work" / "repo" / "sub" / "notebooks"
    folder.mkdir(parents=True)
    return folder


def test_the_notebook_s_folder_where_nothing_marks_one(home):
    folder = deep(home)
    assert find_project(folder, home=home) == Project(root=folder, reason="the notebook's folder")


@pytest.mark.parametrize(
    ("marks", "root", "reason"),
    [
        (["work/repo/.git/"], "work/repo", ".git"),
        (["work/repo/.git"], "work/repo", ".git"),  # a worktree's .git is a file
        (["work/repo/sub/pyproject.toml"], "work/repo/sub", "pyproject.toml"),
        (["work/repo/sub/uv.lock"], "work/repo/sub", "uv.lock"),
        # However near: .devcontainer before .git before pyproject.toml.
        (["work/.devcontainer/", "work/repo/.git/"], "work", ".devcontainer"),
        (["work/repo/.git/", "work/repo/sub/pyproject.toml"], "work/repo", ".git"),
        # The nearest of its kind.
        (["work/.git/", "work/repo/.git/"], "work/repo", ".git"),
        # What marks HOME, or lies above it, does not count.
        ([".git/", ".devcontainer/"], "work/repo/sub/notebooks", "the notebook's folder"),
        (["../.git/", "../pyproject.toml"], "work/repo/sub/notebooks", "the notebook's folder"),
    ],
)
def test_the_nearest_marked_folder(home, marks, root, reason):
    folder = deep(home)
    for mark in marks:
        path = home / mark
        if mark.endswith("/"):
            path.mkdir(parents=True)
        else:
            path.write_text("")
    found = find_project(folder, home=home)
    assert found.root == home / root
    assert reason in found.reason


@pytest.mark.parametrize("start", [".", "..", "/"])
def test_home_and_all_above_it_are_no_projects(home, start):
    with pytest.raises(ProjectError) as caught:
        find_project(home / start, home=home)
    assert "--yes" in caught.value.hint
    assert "--project" in caught.value.hint
    with pytest.raises(ProjectError):
        find_project(home, home=home, chosen=home / start)


def test_home_by_another_name_is_still_home(home):
    link = home.parent / "link"
    link.symlink_to(home)
    with pytest.raises(ProjectError):
        find_project(link, home=home)
    with pytest.raises(ProjectError):
        find_project(home, home=link)


def test_the_chosen_folder_wins(home):
    folder = deep(home)
    (home / "work" / ".devcontainer").mkdir()
    found = find_project(folder, home=home, chosen=home / "work" / "repo")
    assert (found.root, found.reason) == (home / "work" / "repo", "--project")


@pytest.mark.parametrize("chosen", ["gone", "file"])
def test_what_is_chosen_must_be_a_folder(home, chosen):
    (home / "file").write_text("")
    with pytest.raises(ProjectError, match="not a folder"):
        find_project(home, home=home, chosen=home / chosen)


def test_paths_are_shown_relative_where_they_lie_inside(home):
    folder = deep(home)
    project = find_project(folder, home=home)
    assert project.name == "notebooks"
    assert project.relative(folder / "a b.ipynb") == "a b.ipynb"
    assert project.relative(folder / ".." / "notebooks" / "x" / "y.ipynb") == "x/y.ipynb"
    assert project.relative(home / "z.ipynb") == str(home / "z.ipynb")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Digits", "digits"), ("my project's (2)", "my-project-s-2"), ("данные", "project"),
        ("--x--", "x"), ("$(rm -rf)", "rm-rf"), ("a" * 99, "a" * 40), ("a" * 39 + "-b", "a" * 39),
        ("", "project"),
    ],
)  # fmt: skip
def test_names_for_kernels_and_images(name, expected):
    assert slug(name) == expected
