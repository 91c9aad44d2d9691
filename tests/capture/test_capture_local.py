"""Modules of the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_devbox.capture import capture_notebook
from tests.capture.conftest import names, write_notebook


@pytest.fixture
def tree(tmp_path):
    """Write files and capture a notebook beside them."""

    def run(
        files: dict[str, str], *cells: str, notebook: str = "n.ipynb", project: Path = tmp_path
    ):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        path = tmp_path / notebook
        path.parent.mkdir(parents=True, exist_ok=True)
        return capture_notebook(write_notebook(path, cells), project=project)

    return run


def local(snapshot):
    return {m.name: m.path for m in snapshot.local_modules}


def test_a_file_beside_the_notebook_is_followed(tree):
    snapshot = tree({"helpers.py": "import yaml\nimport json"}, "x = 1", "from helpers import f")
    assert local(snapshot) == {"helpers": "helpers.py"}
    assert names(snapshot) == {"pyyaml"}
    assert snapshot.requirements[0].cells == (2,)
    assert snapshot.unresolved == ()


def test_a_package_is_followed_as_far_as_it_is_imported(tree):
    files = {
        "pkg/__init__.py": "from .core import run\nfrom . import shared",
        "pkg/core.py": "import requests\nfrom ..nowhere import x",
        "pkg/shared.py": "from pkg.deep import more",
        "pkg/deep/__init__.py": "",
        "pkg/deep/more.py": "from ..other import z",
        "pkg/other.py": "import networkx",
        "pkg/unused.py": "import tensorflow",
        "pkg/plots.py": "import seaborn",
    }
    snapshot = tree(files, "import pkg.plots")
    assert local(snapshot) == {"pkg": "pkg"}
    assert names(snapshot) == {"networkx", "requests", "seaborn"}


def test_circles_end(tree):
    snapshot = tree(
        {"a.py": "import b\nimport numpy", "b.py": "import a\nimport scipy"}, "import a"
    )
    assert local(snapshot) == {"a": "a.py", "b": "b.py"}
    assert names(snapshot) == {"numpy", "scipy"}


def test_a_folder_without_init_does_not_hide_a_known_distribution(tree):
    files = {"torch/spleen.py": "", "torch/nn.py": "", "datasets/x.csv": "", "plain/note.txt": ""}
    snapshot = tree(files, "import torch, torch.nn\nimport datasets\nimport plain")
    assert local(snapshot) == {}
    assert names(snapshot) == {"datasets", "torch"}
    assert [u.name for u in snapshot.unresolved] == ["plain"]


def test_a_namespace_folder_of_the_users_own(tree):
    snapshot = tree({"tools/plots.py": "import seaborn"}, "from tools import plots")
    assert local(snapshot) == {"tools": "tools"}
    assert names(snapshot) == {"seaborn"}


def test_a_real_module_of_the_users_own_hides_a_distribution(tree):
    snapshot = tree({"datasets.py": "", "sklearn/__init__.py": ""}, "import datasets, sklearn.svm")
    assert local(snapshot) == {"datasets": "datasets.py", "sklearn": "sklearn"}
    assert snapshot.requirements == ()


def test_a_parents_folder_is_not_looked_at(tree):
    files = {"utils/__init__.py": "import numpy"}
    snapshot = tree(files, "import utils", notebook="books/n.ipynb")
    assert local(snapshot) == {}
    assert [u.name for u in snapshot.unresolved] == ["utils"]


@pytest.mark.parametrize(
    "cell",
    [
        "import sys\nsys.path.append('../src')",
        "import sys\nsys.path.insert(0, '../src')",
        "import sys, os\nsys.path.append(os.path.join('..', 'src'))",
        "import sys, os\nsys.path.append(os.path.abspath('../src'))",
        "import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path('..') / '../src'))",
        "import sys\nsys.path += ['x']\nsys.path.extend(['../src'])",
        "%cd ../src",
        "!cd ../src",
    ],
)
def test_folders_that_the_notebook_adds(tree, cell):
    snapshot = tree(
        {"src/helpers.py": "import yaml"}, cell, "import helpers", notebook="nb/n.ipynb"
    )
    assert local(snapshot) == {"helpers": "../src/helpers.py"}
    assert names(snapshot) == {"pyyaml"}


def test_a_cloned_repository(tree):
    snapshot = tree(
        {"tool/thing.py": "import yaml"},
        "!git clone --depth 1 https://git.example.org/org/tool.git",
        "%cd tool",
        "import thing",
    )
    assert local(snapshot) == {"thing": "tool/thing.py"}
    assert names(snapshot) == {"pyyaml"}


def test_outside_of_the_project(tree, tmp_path):
    files = {"elsewhere/helpers.py": "import yaml"}
    snapshot = tree(
        files,
        f"import sys\nsys.path.append({str(tmp_path / 'elsewhere')!r})\nimport helpers",
        notebook="project/n.ipynb",
        project=tmp_path / "project",
    )
    [module] = snapshot.local_modules
    assert (module.path, module.inside) == (str(tmp_path / "elsewhere" / "helpers.py"), False)
    assert names(snapshot) == {"pyyaml"}


def test_a_written_module_is_local_and_its_body_counts_when_imported(tree):
    snapshot = tree({}, "%%writefile made.py\nimport yaml", "import made")
    assert local(snapshot) == {"made": "made.py"}
    assert names(snapshot) == {"pyyaml"}
    assert names(tree({}, "%%writefile made.py\nimport yaml")) == set()


def test_scripts_and_notebooks_that_are_run(tree):
    files = {"train.py": "import torch\nimport util", "util.py": "import yaml"}
    assert names(tree(files, "!python train.py --epochs 3")) == {"pyyaml", "torch"}
    assert names(tree(files, "%run -i train")) == {"pyyaml", "torch"}


def test_run_notebook(tree, tmp_path):
    write_notebook(tmp_path / "other.ipynb", ["import seaborn"])
    snapshot = tree({}, "%run other.ipynb")
    assert names(snapshot) == {"seaborn"}
    assert names(snapshot, "engine") == {"nbformat"}


def test_what_a_module_does_only_as_a_program_is_left_out(tree):
    text = "import numpy\nif __name__ == '__main__':\n    import torch"
    assert names(tree({"m.py": text}, "import m")) == {"numpy"}


def test_a_broken_module_is_a_warning(tree):
    snapshot = tree({"m.py": "def ("}, "import m")
    assert local(snapshot) == {"m": "m.py"}
    assert [w.code for w in snapshot.warnings] == ["broken-file"]


def test_a_compiled_module(tree):
    snapshot = tree({"fast.cpython-311-x86_64-linux-gnu.so": ""}, "import fast")
    assert list(local(snapshot)) == ["fast"]


@pytest.mark.parametrize("place", ["~", "/nonexistent", "a\0b", "{x}", "x" * 5000, ""])
def test_odd_folders_are_passed_over(tree, place):
    snapshot = tree({}, f"import sys\nsys.path.append({place!r})", f"%cd {place}", "import numpy")
    assert names(snapshot) == {"numpy"}
