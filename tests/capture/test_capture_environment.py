"""An interpreter's answer: owners by RECORD, origins by direct_url.json."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_devbox.capture import capture_environment, capture_live, probe
from jupyter_devbox.errors import ProbeError
from tests.capture.conftest import by_name, names, write_notebook

PROBE = Path(probe.__file__)


def live(tmp_path, *cells, history=()):
    numbered = list(enumerate(cells, start=1))
    return capture_live(
        cells=numbered, history=history, notebook=None, project=tmp_path, loaded=False
    )


@pytest.fixture
def here(tmp_path, monkeypatch):
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_the_owner_of_the_file_wins_over_the_map(site, here):
    site.add("strange-dist", "1.2", {"sklearn/__init__.py": "", "sklearn/svm.py": ""})
    [requirement] = live(here, "from sklearn.svm import SVC").requirements
    assert (requirement.name, requirement.version) == ("strange-dist", "1.2")
    assert requirement.imports == ("sklearn.svm",)


def test_namespace_packages_are_told_apart(site, here):
    site.add("acme-storage", "1.0", {"acme/cloud/storage/__init__.py": ""})
    site.add("acme-query", "2.0", {"acme/cloud/query/__init__.py": "", "acme/cloud/query/x.py": ""})
    snapshot = live(here, "from acme.cloud import storage", "import acme.cloud.query.x")
    assert {r.name: r.imports for r in snapshot.requirements} == {
        "acme-storage": ("acme.cloud.storage",),
        "acme-query": ("acme.cloud.query.x",),
    }


def test_a_plugin_inside_another_package(site, here):
    site.add("base-pkg", "1.0", {"basepkg/__init__.py": ""})
    site.add("plugin-pkg", "1.0", {"basepkg/plugin/__init__.py": ""})
    assert names(live(here, "import basepkg.plugin")) == {"plugin-pkg"}


def test_two_owners_of_one_file(site, here):
    files = {"cv2fake/__init__.py": ""}
    site.add("vision", "1.0", files)
    site.add("vision-headless", "1.0", files)
    snapshot = live(here, "!pip install vision", "import cv2fake")
    assert names(snapshot) == {"vision"}
    assert names(live(here, "!pip install vision-headless", "import cv2fake")) == {
        "vision-headless"
    }


def test_local_version_is_kept(site, here):
    site.add("torch", "2.4.0+cu124", {"torch/__init__.py": ""})
    assert live(here, "import torch").requirements[0].version == "2.4.0+cu124"


def test_installed_but_not_imported_keeps_its_version_and_specifier(site, here):
    site.add("seaborn", "0.13.2", {"seaborn/__init__.py": ""})
    [requirement] = live(here, "%pip install 'seaborn>=0.12'").requirements
    assert (requirement.reason, requirement.version, requirement.specifier) == (
        "install",
        "0.13.2",
        ">=0.12",
    )


def test_a_commit_of_a_repository(site, here):
    direct = {
        "url": "https://user:s3cret@git.example.org/org/tool.git",
        "vcs_info": {"vcs": "git", "commit_id": "a" * 40},
        "subdirectory": "python",
    }
    site.add("tool", "1.0", {"tool/__init__.py": ""}, direct_url=direct)
    snapshot = live(here, "import tool")
    [requirement] = snapshot.requirements
    assert requirement.source == "vcs"
    assert requirement.url == (
        f"git+https://git.example.org/org/tool.git@{'a' * 40}#subdirectory=python"
    )
    assert "s3cret" not in repr(snapshot)


def test_a_wheel_file_that_is_there_and_one_that_is_gone(site, here):
    wheel = here / "tool-1.0-py3-none-any.whl"
    wheel.touch()
    info = {"archive_info": {"hashes": {"sha256": "b" * 64}}}
    site.add("tool", "1.0", {"tool/__init__.py": ""}, direct_url={"url": wheel.as_uri(), **info})
    gone = (here / "gone.whl").as_uri()
    site.add("other", "2.0", {"other/__init__.py": ""}, direct_url={"url": gone, **info})
    snapshot = live(here, "import tool, other")
    found = by_name(snapshot)
    assert found["tool"].source == "file"
    assert found["tool"].url == f"{wheel.as_uri()}#sha256={'b' * 64}"
    assert (found["other"].source, found["other"].url) == ("index", None)
    assert (found["tool"].lost, found["other"].lost) == (
        "",
        "the file it was installed from is gone",
    )
    assert [w.code for w in snapshot.warnings] == ["file-gone"]


def test_conda_means_the_index_version(site, here, tmp_path, monkeypatch):
    direct = {"url": "file:///home/conda/feedstock_root/build/work", "dir_info": {}}
    site.add("pkg-one", "1.0", {"pkgone/__init__.py": ""}, direct_url=direct, installer="conda")
    site.add("pkg-two", "2.0", {"pkgtwo/__init__.py": ""}, direct_url=direct)
    meta = tmp_path / "env" / "conda-meta"
    meta.mkdir()
    (meta / "pkg-two-2.0-py311_0.json").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "env"))
    snapshot = live(here, "import pkgone, pkgtwo")
    assert {(r.name, r.version, r.source, r.url) for r in snapshot.requirements} == {
        ("pkg-one", "1.0", "index", None),
        ("pkg-two", "2.0", "index", None),
    }
    assert all("conda" in r.lost for r in snapshot.requirements)
    assert snapshot.warnings == ()


def test_an_address_that_is_all_login_is_no_address(site, here):
    direct = {"url": "https://host.example.org/s3cret@x.whl", "archive_info": {}}
    site.add("tool", "1.0", {"tool/__init__.py": ""}, direct_url=direct)
    [requirement] = live(here, "import tool").requirements
    assert (requirement.source, requirement.url) == ("index", None)
    assert "login" in requirement.lost
    assert "s3cret" not in repr(requirement)


def test_an_editable_install_is_a_distribution_and_not_walked(site, here, tmp_path, monkeypatch):
    source = tmp_path / "checkout" / "src"
    (source / "mytool").mkdir(parents=True)
    (source / "mytool" / "__init__.py").write_text("import tensorflow")
    monkeypatch.syspath_prepend(str(source))
    direct = {"url": source.parent.as_uri(), "dir_info": {"editable": True}}
    site.add("my-tool", "0.1", {"__editable__.my_tool.pth": str(source)}, direct_url=direct)
    snapshot = live(here, "import mytool.core")
    [requirement] = snapshot.requirements
    assert (requirement.name, requirement.source) == ("my-tool", "editable")
    assert requirement.url == source.parent.as_uri()
    assert snapshot.local_modules == ()


def test_import_name_metadata_of_an_editable_elsewhere(site, here, tmp_path, monkeypatch):
    source = tmp_path / "built"
    (source / "odd_name").mkdir(parents=True)
    (source / "odd_name" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(source))
    direct = {"url": (tmp_path / "other").as_uri(), "dir_info": {"editable": True}}
    site.add("declared", "1", {}, direct_url=direct, headers=["Import-Name: odd_name ; private"])
    assert names(live(here, "import odd_name")) == {"declared"}


def test_a_module_on_the_path_without_a_distribution_is_local(here, tmp_path, monkeypatch):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "shared_code.py").write_text("import yaml")
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    snapshot = live(here, "import shared_code")
    [module] = snapshot.local_modules
    assert (module.name, module.inside) == ("shared_code", False)
    assert names(snapshot) == {"pyyaml"}


def test_the_environment_is_listed_with_sizes(site, here):
    site.add("tiny", "1.0", {"tiny/__init__.py": "12345", "tiny/x.py": "123"})
    snapshot = live(here, "")
    assert [(d.version, d.size) for d in snapshot.installed if d.name == "tiny"] == [("1.0", 8)]


def test_old_egg_info(site, here):
    info = site.folder / "Old_Thing-1.5-py3.11.egg-info"
    info.mkdir()
    (info / "top_level.txt").write_text("old_thing\n")
    (info / "PKG-INFO").write_text("Name: Old-Thing\nVersion: 1.5\n\n")
    (site.folder / "old_thing").mkdir()
    (site.folder / "old_thing" / "__init__.py").touch()
    [requirement] = live(here, "import old_thing").requirements
    assert (requirement.name, requirement.version) == ("old-thing", "1.5")


def test_loaded_modules_are_the_truth(site, here, monkeypatch):
    site.add("loaded-dist", "3.0", {"loaded_mod/__init__.py": "", "loaded_mod/sub.py": ""})
    importlib.import_module("loaded_mod.sub")
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p != ""])
    snapshot = capture_live(
        cells=[(1, "from loaded_mod.sub import x")],
        history=["import loaded_mod"],
        notebook=None,
        project=here,
    )
    assert snapshot.live
    assert snapshot.requirements[0].name == "loaded-dist"
    assert snapshot.requirements[0].imports == ("loaded_mod", "loaded_mod.sub")
    assert snapshot.python == ".".join(map(str, sys.version_info[:3]))
    del sys.modules["loaded_mod"], sys.modules["loaded_mod.sub"]


def test_history_and_saved_cells_are_joined(here):
    snapshot = capture_live(
        cells=[(3, "import pytest")],
        history=["import pytest", "import hypothesis", ""],
        notebook=None,
        project=here,
    )
    assert {r.name: r.cells for r in snapshot.requirements} == {"pytest": (3,), "hypothesis": ()}


def test_capturing_imports_nothing(site, here):
    site.add("bomb", "1.0", {"bomb/__init__.py": "raise SystemExit(1)", "bomb/sub/__init__.py": ""})
    assert names(live(here, "import bomb.sub.deep")) == {"bomb"}
    assert "bomb" not in sys.modules


def run_probe(request: str) -> str:
    done = subprocess.run(
        [sys.executable, str(PROBE)], input=request, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_probe_as_a_program(tmp_path):
    path = write_notebook(
        tmp_path / "n.ipynb", ["import pytest, notebook_that_is_not", "import cells"]
    )
    snapshot = capture_environment(path, project=tmp_path, interpreter_probe=run_probe)
    assert snapshot.requirements[0].name == "pytest"
    assert snapshot.requirements[0].version == pytest.__version__
    assert [u.name for u in snapshot.unresolved] == ["cells", "notebook_that_is_not"]
    assert not snapshot.live
    assert len(snapshot.installed) > 20


def test_the_probe_answers_with_one_line():
    out = run_probe(json.dumps({"imports": ["os", "pytest"], "loaded": True, "libraries": True}))
    assert out.count("\n") == 1
    answer = json.loads(out)
    assert answer["modules"]["os"]["kind"] == "stdlib"
    assert answer["modules"]["pytest"]["owner"] == "pytest"


@pytest.mark.parametrize("answer", ["", "Traceback", "[]", '{"schema": 99}'])
def test_an_answer_that_is_none(tmp_path, answer):
    path = write_notebook(tmp_path / "n.ipynb", ["import pytest"])
    with pytest.raises(ProbeError):
        capture_environment(path, project=tmp_path, interpreter_probe=lambda _: answer)
