"""The wheel and the sdist, made from the sources and installed where there is no node."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from jupyter_devbox import __version__
from jupyter_devbox.engine.uv import uv_program
from jupyter_devbox.lock.own_wheel import own_wheel

ROOT = Path(__file__).resolve().parents[2]
ASSETS = f"jupyter_devbox-{__version__}.data/data/share/jupyter/labextensions/jupyter-devbox"
CONFIG = f"jupyter_devbox-{__version__}.data/data/etc/jupyter/jupyter_server_config.d"

pytestmark = [pytest.mark.slow, pytest.mark.network]


def run(*words, path=None, cwd=None):
    """Run a program that succeeds, without a node on PATH if `path` is given."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER_")}
    if path is not None:
        env["PATH"] = str(path)
        assert shutil.which("node", path=env["PATH"]) is None
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False, env=env, cwd=cwd
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def environment(folder, *packages):
    """Make an environment with packages, with no node on PATH; return its programs."""
    run(uv_program(), "venv", "--quiet", "--python", sys.executable, folder)
    programs = folder / "bin"
    words = ("pip", "install", "--quiet", "--python", programs / "python", *packages)
    run(uv_program(), *words, path=programs)
    return programs


@pytest.fixture(scope="module")
def dists(tmp_path_factory):
    """The sdist from the tree, and the wheel from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(uv_program(), "build", "--quiet", "--out-dir", folder, ROOT)
    (sdist,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def programs(dists, tmp_path_factory):
    """An environment with JupyterLab and our wheel."""
    return environment(tmp_path_factory.mktemp("user") / "venv", dists[1], "jupyterlab>=4.4,<5")


class TestWheel:
    def test_it_holds_the_built_panel_once_and_the_servers_switch(self, dists):
        with zipfile.ZipFile(dists[1]) as archive:
            names = archive.namelist()
            package = json.loads(archive.read(f"{ASSETS}/package.json"))
        assert [name for name in names if name.startswith("jupyter_devbox/labextension")] == []
        assert f"{ASSETS}/static/style.js" in names
        assert f"{ASSETS}/{package['jupyterlab']['_build']['load']}" in names
        assert f"{ASSETS}/schemas/jupyter-devbox/toolbar.json" in names
        assert f"{ASSETS}/install.json" in names
        assert f"{CONFIG}/jupyter_devbox.json" in names
        assert not [name for name in names if "node_modules" in name or name.endswith(".ts")]

    def test_lab_finds_the_panel(self, programs):
        said = run(programs / "jupyter", "labextension", "list", path=programs)
        (line,) = [line for line in said.splitlines() if "jupyter-devbox" in line]
        assert "enabled" in line
        assert "OK" in line
        assert "(python, jupyter-devbox)" in line

    def test_the_server_loads_our_part(self, programs):
        said = run(programs / "jupyter", "server", "extension", "list", path=programs)
        ours = [line for line in said.splitlines() if "jupyter_devbox" in line]
        assert any("enabled" in line for line in ours), said
        assert any("OK" in line for line in ours), said


class TestSdist:
    def test_it_holds_sources_and_what_was_built_and_nothing_of_npms(self, dists):
        with tarfile.open(dists[0]) as archive:
            names = [name.partition("/")[2] for name in archive.getnames()]
        assert "labextension/src/index.ts" in names
        assert "labextension/yarn.lock" in names
        assert "jupyter_devbox/labextension/static/style.js" in names
        assert not [name for name in names if "node_modules" in name or ".yarn/" in name]
        assert dists[0].stat().st_size < 3e6

    def test_it_installs_where_there_is_no_node(self, dists, tmp_path):
        programs = environment(tmp_path / "venv", "--no-deps", dists[0])
        built = programs.parent / "share" / "jupyter" / "labextensions" / "jupyter-devbox"
        assert (built / "static" / "style.js").is_file()


def test_an_editable_installation_needs_neither_node_nor_a_build(tmp_path):
    clone = tmp_path / "clone"
    run("git", "clone", "--quiet", ROOT, clone)
    programs = environment(tmp_path / "venv", "--no-deps", "--editable", clone)
    asked = "import jupyter_devbox; print(jupyter_devbox.__file__)"
    said = run(programs / "python", "-c", asked, cwd=tmp_path)
    assert said.strip() == str(clone / "jupyter_devbox" / "__init__.py")
    assert not (clone / "jupyter_devbox" / "labextension").exists()


def test_the_box_gets_no_panel(dists):
    """Building leaves the panel in the package's folder, from which the box's wheel is made."""
    assert (ROOT / "jupyter_devbox" / "labextension" / "package.json").is_file()
    with zipfile.ZipFile(dists[1]) as archive:
        in_the_wheel = {name for name in archive.namelist() if name.endswith(".json")}
    with zipfile.ZipFile(io.BytesIO(own_wheel().content)) as archive:
        in_the_box = {name for name in archive.namelist() if name.endswith(".json")}
    assert in_the_box == {name for name in in_the_wheel if name.startswith("jupyter_devbox/")}
