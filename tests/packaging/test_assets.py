"""The lab extension's build script: when it builds, and which version it insists on."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "labextension"


def load(folder: Path):
    """Import the script of a folder as a module of its own."""
    spec = importlib.util.spec_from_file_location("assets_under_test", folder / "assets.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copy(tmp_path):
    """The sources alone, in a project of their own."""
    shutil.copytree(LAB, tmp_path / "labextension", ignore=shutil.ignore_patterns("node_modules"))
    package = tmp_path / "jupyter_devbox"
    package.mkdir()
    shutil.copy(ROOT / "jupyter_devbox" / "_version.py", package)
    return load(tmp_path / "labextension")


def test_package_json_has_the_packages_version():
    load(LAB).check_version()


@pytest.mark.parametrize(
    ("python", "npm"),
    [
        ("1.2.0", "1.2.0"),
        ("1.2.0a3", "1.2.0-alpha.3"),
        ("1.2.0b1", "1.2.0-beta.1"),
        ("1.2.0rc1", "1.2.0-rc.1"),
        ("0.1.0.dev0", "0.1.0-dev.0"),
    ],
)
def test_a_version_as_npm_spells_it(python, npm):
    assert load(LAB).npm_version(python) == npm


def test_another_version_stops_the_build_and_says_which_is_wanted(copy):
    version = copy.HERE.parent / "jupyter_devbox" / "_version.py"
    version.write_text('__version__ = "9.8.0rc1"\n')
    with pytest.raises(copy.AssetsError, match=re.escape("`9.8.0-rc.1`")):
        copy.build()


def test_only_what_is_built_from_these_very_sources_is_current(copy):
    assert not copy.current()
    copy.BUILT.mkdir()
    copy.STAMP.write_text(copy.digest())
    assert copy.current()
    assert copy.build() is False
    test = copy.HERE / "src" / "__tests__" / "new.spec.ts"
    test.write_text("")
    assert copy.current()
    (copy.HERE / "src" / "index.ts").write_text("export default [];\n")
    assert not copy.current()


def test_without_jlpm_the_message_says_where_it_comes_from(copy, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(copy.AssetsError, match="pip install jupyter-builder"):
        copy.build()


def test_the_lock_file_names_no_host():
    text = (LAB / "yarn.lock").read_text()
    assert not re.findall(r"https?://\S+", text)
    assert 'resolution: "typescript@npm:' in text
