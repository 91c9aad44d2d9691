"""What Binder reads, and what it does not."""

from __future__ import annotations

import pytest
from makers import locked

from jupyter_devbox.catalogue import read_catalogue
from jupyter_devbox.spec.binder import BinderFolder, cuda_packages, hidden_files, rival_file

pytestmark = pytest.mark.usefixtures("pure")
DROPPED = read_catalogue().dropped


def folder(*names, top=(), there=True):
    return BinderFolder(there=there, names=frozenset(names), top=frozenset(top))


def test_a_first_binder_folder_hides_what_is_read_at_the_top():
    top = ("environment.yml", "README.md", "postBuild", "setup.py", "train.py")
    assert hidden_files(folder(there=False, top=top), "dockerfile") == (
        "environment.yml", "postBuild", "setup.py",
    )  # fmt: skip
    assert hidden_files(folder("Dockerfile", top=top), "dockerfile") == ()


def test_a_first_dockerfile_hides_what_else_lies_in_binder():
    there = folder("environment.yml", "postBuild", "requirements.txt", "data.csv")
    hidden = ("binder/environment.yml", "binder/postBuild")
    assert hidden_files(there, "dockerfile") == hidden
    assert hidden_files(folder("Dockerfile", "postBuild"), "dockerfile") == ()
    assert hidden_files(there, "buildpack") == ()


@pytest.mark.parametrize("name", ["Dockerfile", "environment.yml", "Pipfile", "install.R"])
def test_what_is_read_before_requirements_stands_in_the_way_of_the_build_pack(name):
    assert rival_file(folder(name, "requirements.txt"), "buildpack") == f"binder/{name}"
    assert rival_file(folder(name), "dockerfile") == ""
    assert rival_file(folder("requirements.txt", "start"), "buildpack") == ""


def test_cuda_is_known_by_name_and_by_version():
    names = ("nvidia-nccl-cu12==1", "triton==3", "torch==2.1+cu121", "torch==2.1+cpu",
             "nvidia-ml-py==12", "numpy==2")  # fmt: skip
    found = cuda_packages(map(locked, names), DROPPED)
    assert list(found) == ["nvidia-nccl-cu12", "triton", "torch"]
