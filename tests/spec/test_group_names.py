"""Names of groups and the record of them: untrusted text on its way to paths, stages and tags."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.errors import UsageError
from jupyter_devbox.spec.groups import (
    Group,
    check_group,
    group_of,
    is_group,
    name_after,
    read_groups,
)
from jupyter_devbox.spec.reach import reach
from jupyter_devbox.spec.target_files import (
    COMMON,
    CPU,
    CUDA,
    environment_files,
    is_choice_of_lock,
    target_files,
)

pytestmark = pytest.mark.usefixtures("pure")
HOSTILE = st.one_of(
    st.text(),
    st.from_regex(r"[a-z./\\$\"'-]{1,12}", fullmatch=True),
    st.sampled_from(["..", "cuda", "wheels", "a\n", "Train", "a-", "train-cuda", "é", "a/b"]),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | HOSTILE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
    max_leaves=8,
)


def recorded(groups):
    return {"customizations": {"jupyter_devbox": {"groups": groups}}}


def test_the_only_environment_has_the_files_that_it_always_had():
    assert target_files("cpu") == CPU == target_files("venv")
    assert target_files("cuda") == CUDA
    assert CUDA.configuration == ".devcontainer/cuda/devcontainer.json"
    assert (CUDA.direct, CUDA.rest) == ("requirements.cuda.in", "requirements.cuda.txt")


def test_a_group_has_a_folder_that_clients_offer_and_a_lock_of_its_own():
    files = target_files("cpu", "train")
    assert files.configuration == ".devcontainer/train/devcontainer.json"
    assert (files.lock, files.stable) == ("requirements.train", "requirements.train.stable.txt")
    assert target_files("cuda", "train").configuration == (
        ".devcontainer/train-cuda/devcontainer.json"
    )


@pytest.mark.parametrize("name", ["a", "train", "part-2", "x" * 31])
def test_a_plain_name_is_taken(name):
    assert check_group(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "cuda", "wheels", "stable", "common", "..", ".", "Train", "a-", "-a", "2nd", "a/b",
     "a.b", "a b", "train-cuda", "x" * 32, "tr\u00e4in", "a\n"],
)  # fmt: skip
def test_a_name_that_is_no_folder_of_its_own_is_refused(name):
    with pytest.raises(UsageError, match="cannot be called so") as caught:
        check_group(name)
    assert "--split train=" in caught.value.hint


NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,6}", fullmatch=True).filter(is_group)


@given(st.lists(NAMES, unique=True, max_size=6))
def test_no_two_environments_share_a_file(names):
    files = [path for each in environment_files(names) for path in each.all]
    assert len(files) == len({path.lower() for path in files})
    assert f".devcontainer/{COMMON}" not in files
    assert all(re.fullmatch(r"\.devcontainer/[a-z0-9./-]+", path) for path in files)


@given(JSON | st.dictionaries(NAMES, st.lists(st.sampled_from("abc"))))
def test_a_record_of_anything_has_only_names_that_can_be_groups(value):
    found = read_groups(recorded(value))
    assert all(is_group(group.name) for group in found)
    notebooks = [name for group in found for name in group.notebooks]
    assert len(notebooks) == len(set(notebooks))


def test_the_record_is_read_in_its_order_and_a_notebook_is_in_one_group():
    groups = read_groups(recorded({"train": ["b.ipynb", "a.ipynb"], "plots": ["a.ipynb", 1]}))
    assert groups == (
        Group(name="train", notebooks=("a.ipynb", "b.ipynb")),
        Group(name="plots", notebooks=()),
    )
    assert group_of(groups, "b.ipynb") == "train"
    assert group_of(groups, "c.ipynb") is None
    assert read_groups({}) == ()


@given(st.text(), st.lists(HOSTILE, max_size=4))
def test_every_notebook_gets_a_name_of_its_own(notebook, taken):
    name = name_after(notebook, taken)
    assert is_group(name)
    assert name not in taken


@pytest.mark.parametrize(
    ("notebook", "name"),
    [
        ("Train Model.ipynb", "train-model"),
        ("sub/01-plots.ipynb", "plots"),
        ("cuda.ipynb", "cuda-env"),
        ("über.ipynb", "ber"),
        ("数据.ipynb", "notebook-env"),
        ("x-cuda.ipynb", "x-cuda-env"),
    ],
)
def test_a_group_is_named_after_its_notebook(notebook, name):
    assert name_after(notebook, ()) == name
    assert name_after(notebook, (name,)) == f"{name}-2"


@pytest.mark.parametrize(
    ("folder", "arguments"),
    [
        (".devcontainer", {"LOCK": "requirements.train"}),
        (".devcontainer/train", {"LOCK": "requirements.train"}),
        (".devcontainer/cuda", {"LOCK": "requirements.cuda"}),
        (".devcontainer/train-cuda", {"LOCK": "requirements.train-cuda"}),
    ],
)
def test_the_choice_of_its_own_lock_is_ours(folder, arguments):
    assert is_choice_of_lock(folder, arguments)
    configuration = {"build": {"args": arguments}}
    assert reach(configuration, f"{folder}/devcontainer.json") == ()


@pytest.mark.parametrize(
    ("folder", "arguments"),
    [
        (".devcontainer", {"LOCK": "../train"}),
        (".devcontainer", {"LOCK": "train"}),
        (".devcontainer", {"LOCK": "requirements.train", "BASE": "evil"}),
        (".devcontainer", {"LOCK": 1}),
        (".devcontainer/train", {"LOCK": "requirements.plots"}),
        (".devcontainer/wheels", {"LOCK": "requirements.wheels"}),
        (".devcontainer/a/b", {"LOCK": "requirements.b"}),
        ("train", {"LOCK": "requirements.train"}),
        ("", {"LOCK": "requirements."}),
        (".devcontainer/train", ["LOCK"]),
        (".devcontainer/train", {}),
    ],
)
def test_any_other_build_argument_is_asked_for(folder, arguments):
    assert not is_choice_of_lock(folder, arguments)
