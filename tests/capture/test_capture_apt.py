"""Debian packages: named, called, imported, loaded."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from jupyter_devbox.capture import probe
from jupyter_devbox.capture.apt import apt_rules, packages_of_libraries
from jupyter_devbox.capture.apt_lines import is_debian_name


def apt(snapshot):
    return {(a.name, a.reason) for a in snapshot.apt}


@pytest.mark.parametrize(
    "line",
    [
        "!apt-get install -y ffmpeg",
        "!apt install ffmpeg",
        "!sudo apt-get -qq -y install ffmpeg > /dev/null",
        "!apt-get update && apt-get install -y --no-install-recommends ffmpeg",
        "!DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Use-Pty=0 install ffmpeg",
        "%%bash\nset -e\nsudo apt-get update\nsudo apt-get install -y \\\n  ffmpeg",
        "!apt-get install ffmpeg=7:5.1.6-0+deb12u1",
        "!apt-get install -t bookworm-backports ffmpeg:amd64",
        "import os\nos.system('apt-get install -y ffmpeg')",
        "sudo apt-get install ffmpeg",
    ],
)
def test_ffmpeg_is_named_by(capture, line):
    assert apt(capture(line)) == {("ffmpeg", "!apt-get")}


@pytest.mark.parametrize(
    "line",
    [
        "!apt-get install --only-upgrade ffmpeg",
        "!apt-get remove ffmpeg",
        "!apt-get update",
        "!apt-cache search ffmpeg",
        "!apt list --installed",
        "# !apt-get install ffmpeg",
    ],
)
def test_nothing_is_named_by(capture, line):
    assert apt(capture(line)) == set()


@pytest.mark.parametrize(
    "name",
    ["./x.deb", "/tmp/x.deb", "x;y", "$PKG", "-x y", "FFMPEG", "a", "../x", "x\\ny", "$(id)"],
)
def test_what_is_no_package_name(capture, name):
    snapshot = capture(f"!apt-get install '{name}'" if "$" not in name else f"!apt install {name}")
    assert apt(snapshot) == set()


def test_debians_own_names():
    good = ["g++", "libstdc++6", "python3.11", "libgtk-3-0", "0ad"]
    assert all(map(is_debian_name, good))
    assert not any(
        map(is_debian_name, ["", "A", "a", "-a", "a_b", "a b", "a/b", "a:b", "foo-", "é"])
    )


def test_programs_that_are_called(capture):
    snapshot = capture("!ffmpeg -i a.mp4 b.wav\n!ls | wc -l", "%%bash\ndot -Tpng x.dot\nmake")
    assert apt(snapshot) == {("ffmpeg", "rule"), ("graphviz", "rule"), ("make", "rule")}


def test_a_named_package_stays_named(capture):
    assert apt(capture("!apt-get install git", "!git clone x")) == {("git", "!apt-get")}


def test_imports_that_need_a_package(capture):
    assert apt(capture("import cv2")) == {("libgl1", "rule"), ("libglib2.0-0", "rule")}
    assert apt(capture("!pip install opencv-python-headless", "import cv2")) == set()
    assert apt(capture("import numpy, pandas, sklearn")) == set()


def test_other_systems_installers_are_warned_about(capture):
    assert [w.code for w in capture("!brew install x", "!yum install y").warnings] == [
        "foreign-installer",
        "foreign-installer",
    ]


@pytest.fixture
def dpkg(tmp_path):
    info = tmp_path / "info"
    info.mkdir()
    (tmp_path / "status").touch()
    lists = {
        "libsndfile1:amd64": "/.\n/usr/lib/x86_64-linux-gnu/libsndfile.so.1.0.35",
        "libnew0:amd64": "/lib/x86_64-linux-gnu/libnew.so.0",
        "libglib2.0-0t64:amd64": "/usr/lib/x86_64-linux-gnu/libglib-2.0.so.0",
        "libc6:amd64": "/lib/x86_64-linux-gnu/libc.so.6",
        "libpython3.11-minimal": "/usr/lib/python3.11/lib-dynload/_x.so",
        "libnvidia-compute-550": "/usr/lib/x86_64-linux-gnu/libcuda.so.1",
        "almost": "/usr/lib/x86_64-linux-gnu/libsndfile.so.1.0.35.old",
    }
    for name, text in lists.items():
        (info / f"{name}.list").write_text(text + "\n")
    return tmp_path


def test_libraries_by_dpkgs_lists(dpkg):
    folder = "/usr/lib/x86_64-linux-gnu"
    libraries = [
        f"{folder}/libsndfile.so.1.0.35",
        f"{folder}/libnew.so.0",
        f"{folder}/libglib-2.0.so.0",
        f"{folder}/libc.so.6",
        f"{folder}/libcuda.so.1",
        f"{folder}/libunknown.so.1",
        "/usr/lib/python3.11/lib-dynload/_x.so",
        "/opt/env/lib/python3.11/site-packages/x.libs/libsndfile.so.1.0.35",
    ]
    assert packages_of_libraries(libraries, dpkg) == {
        "libsndfile1": "libsndfile.so.1.0.35",
        "libnew0": "libnew.so.0",
        "libglib2.0-0": "libglib-2.0.so.0",
    }


def test_no_dpkg_at_all(tmp_path):
    assert packages_of_libraries(["/usr/lib/libx.so.1"], tmp_path) == {}


@pytest.mark.skipif(not Path("/var/lib/dpkg/info").is_dir(), reason="not a Debian machine")
def test_dpkgs_lists_agree_with_dpkg():
    libraries = [
        str(path)
        for path in Path("/usr/lib/x86_64-linux-gnu").glob("lib[a-m]*.so.*")
        if not path.is_symlink()
    ][:40]
    said = packages_of_libraries(libraries)
    assert said or not libraries
    for package, library in said.items():
        found = subprocess.run(["dpkg", "-S", library], capture_output=True, text=True, check=False)
        assert package in found.stdout


def test_this_process_has_libraries():
    assert any("libc" in path for path in probe.answer({"libraries": True})["libraries"])


def test_the_tables_hold_debian_names():
    rules = apt_rules()
    every = {p for table in (rules.programs, rules.imports) for ps in table.values() for p in ps}
    assert all(map(is_debian_name, every | rules.base))
    assert not {p for packages in rules.programs.values() for p in packages} & rules.base
