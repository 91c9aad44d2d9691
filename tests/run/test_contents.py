"""What an image holds: the program's rules on a made-up environment, and its answer checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.errors import ImageContentsError
from jupyter_devbox.run import contents_program as told
from jupyter_devbox.run.contents import checked, program
from jupyter_devbox.spec.contents import ImageContents, PackageSize

SITE = "opt/venv/lib/python3.11/site-packages"
FILES = {
    f"{SITE}/plain/__init__.py": "import math\n",
    f"{SITE}/plain/__pycache__/__init__.cpython-311.pyc": "0" * 10,
    f"{SITE}/plain/core/lib.py": "# tests\ndef tests(): ...\n",
    f"{SITE}/plain/core/libplain.a": "1" * 1000,
    f"{SITE}/plain/core/libcudadevrt.a": "2" * 1000,
    f"{SITE}/plain/conftest.py": "import pytest\n",
    f"{SITE}/plain/__pycache__/conftest.cpython-311.pyc": "3" * 20,
    f"{SITE}/plain/tests/__init__.py": "",
    f"{SITE}/plain/tests/test_core.py": "from plain.tests import data\n",
    f"{SITE}/plain/tests/data/big.csv": "4" * 3000,
    f"{SITE}/plain/core/tests/test_lib.py": "",
    f"{SITE}/plain/data/tests/values.csv": "5" * 300,
    f"{SITE}/plain-1.0.dist-info/METADATA": "Name: plain\n",
    f"{SITE}/user/__init__.py": "from .tests.runner import TestRunner\n",
    f"{SITE}/user/tests/test_a.py": "from user.deep.tests.kit import it\n",
    f"{SITE}/user/tests/runner.py": "from user.deep.tests.kit import it\n",
    f"{SITE}/user/deep/tests/kit.py": "it = 1\n",
    f"{SITE}/user/deep/tests/test_kit.py": "",
    f"{SITE}/user/other/tests/test_other.py": "7" * 70,
    f"{SITE}/user/several.py": "def f():\n    from user import (  # in a function, on two lines\n"
    "        three,\n        conftest,\n    )\n",
    f"{SITE}/user/conftest.py": "",
    f"{SITE}/user-2.0.dist-info/METADATA": "Name: user\n",
    f"{SITE}/docs/index.md": "8" * 80,
    f"{SITE}/doc/__init__.py": "",
    f"{SITE}/stray.txt": "9" * 90,
    "opt/venv/share/man/man1/plain.1": "a" * 100,
    "opt/venv/share/jupyter/kernels/k/kernel.json": "{}",
    "home/jovyan/.cache/pip/x": "b" * 500,
    "usr/lib/libx.so": "c" * 50,
    "var/lib/dpkg/info/libx:amd64.list": "/.\n/lib\n/lib/libx.so\n",
}
SPARED = {
    "tests": {
        f"{SITE}/plain/conftest.py",
        f"{SITE}/plain/__pycache__/conftest.cpython-311.pyc",
        f"{SITE}/plain/tests/__init__.py",
        f"{SITE}/plain/tests/test_core.py",
        f"{SITE}/plain/tests/data/big.csv",
        f"{SITE}/plain/core/tests/test_lib.py",
        f"{SITE}/user/other/tests/test_other.py",
    },
    "static": {f"{SITE}/plain/core/libplain.a"},
    "docs": {f"{SITE}/docs/index.md", "opt/venv/share/man/man1/plain.1"},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = dict(FILES)
    for name in ("plain-1.0", "user-2.0"):
        package = name.partition("-")[0]
        begin = (f"{SITE}/{package}/", f"{SITE}/{name}.dist-info/")
        listed = [p for p in files if p.startswith(begin) and not p.endswith(".pyc")]
        rows = [f"{os.path.relpath(p, SITE)},sha256=x,1\n" for p in listed]
        rows += ["../../../share/man/man1/plain.1,,\n"] if package == "plain" else []
        files[f"{SITE}/{name}.dist-info/RECORD"] = "".join(rows)
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "lib").symlink_to("usr/lib")
    return tmp_path


def spared(root: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path, kind in told.spare(str(root / "opt/venv")):
        found.setdefault(kind, set()).add(os.path.relpath(path, root))
    return found


def size(root: Path) -> int:
    files = (p for p in (root / "opt/venv").rglob("*") if p.is_symlink() or p.is_file())
    return sum(p.lstat().st_size for p in files)


def test_tests_go_unless_the_package_imports_them(root):
    assert spared(root) == SPARED


def test_what_is_promised_is_what_is_saved(root):
    environment = str(root / "opt/venv")
    promised = told.report(environment, str(root))
    before = size(root)
    files, saved = told.slim(environment)
    assert before - size(root) == saved == sum(promised["spare"].values())
    assert files == sum(map(len, SPARED.values()))
    assert not (root / SITE / "plain/tests").exists()  # empty folders are not left
    assert (root / SITE / "user/deep/tests/kit.py").exists()
    # A second time there is nothing to do, and what is left is told truly.
    assert told.slim(environment) == (0, 0)
    assert told.report(environment, str(root))["spare"] == {}


def test_links_are_removed_and_never_followed(root, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "test_x.py").write_text("kept")
    tests = root / SITE / "plain/tests"
    (tests / "link").symlink_to(outside)
    (tests / "broken").symlink_to("nowhere")
    (root / SITE / "linked").symlink_to(outside)
    (root / SITE / "plain/more").mkdir()
    (root / SITE / "plain/more/tests").symlink_to(outside)
    told.slim(str(root / "opt/venv"))
    assert not tests.exists()
    assert (outside / "test_x.py").read_text() == "kept"
    assert (root / SITE / "plain/more/tests").is_symlink()


def test_everything_is_counted_once(root):
    os.link(root / SITE / "stray.txt", root / SITE / "stray-again.txt")
    found = checked(told.report(str(root / "opt/venv"), str(root)))
    sizes = {package.name: package for package in found.packages}
    assert set(sizes) == {"plain", "user"}
    assert sizes["plain"].version == "1.0"
    assert sizes["plain"].spare["static"] == 1000
    packages = sum(p.bytes for p in found.packages)
    unowned = {place.name: place.bytes for place in found.unowned}
    assert f"{root}/{SITE}/docs" in unowned
    assert packages + sum(unowned.values()) == found.environment
    assert [(d.name, d.bytes) for d in found.debian] == [("libx", 50)]
    assert [c.bytes for c in found.caches] == [500]


def test_it_runs_by_itself_as_it_does_in_an_image(root):
    """By its text alone, without site-packages, by any name."""
    words = [sys.executable, "-I", "-S", "-c", program(), "slim", str(root / "opt/venv")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Removed 10 files")
    assert subprocess.run([*words[:5], "else"], capture_output=True, check=False).returncode == 2


def test_two_majors_of_cuda_are_one_too_many():
    names = ("nvidia-cublas-cu11", "nvidia-cublas-cu12", "nvidia-cudnn-cu12", "cupy-cuda12x")
    packages = tuple(PackageSize(name=n, version="1", bytes=10) for n in names)
    found = ImageContents(bytes=40, environment=40, packages=packages)
    assert found.doubled_cuda == {"11": 10, "12": 30}
    assert ImageContents(bytes=40, environment=40, packages=packages[1:]).doubled_cuda == {}


GOOD = {
    "schema": 1,
    "bytes": 10,
    "environment": 5,
    "packages": [{"name": "a", "version": "1", "bytes": 5, "files": 1, "spare": {"tests": 2}}],
    "unowned": [{"path": "/opt/venv/x", "bytes": 1}],
    "caches": [],
    "debian": [{"name": "libc6", "bytes": 3}],
    "spare": {"tests": 2, "docs": 0},
}
LIES: list[tuple[str, object]] = [
    ("packages", [{"name": "../a", "version": "1", "bytes": 5, "files": 1}]),
    ("packages", [{"name": "a", "version": "1\x1b[2J", "bytes": 5, "files": 1}]),
    ("packages", [{"name": "a", "version": "1", "bytes": -5, "files": 1}]),
    ("packages", [{"name": "a", "version": "1", "bytes": True, "files": 1}]),
    ("packages", [{"name": "a", "version": "1", "bytes": 1 << 80, "files": 1}]),
    ("packages", [None, 1, "x", []]),
    ("packages", {"a": 1}),
    ("unowned", [{"path": "relative", "bytes": 1}]),
    ("debian", [{"name": "x y", "bytes": 1}]),
]


def test_a_well_formed_answer_is_taken():
    found = checked(GOOD)
    assert found.packages == (
        PackageSize(name="a", version="1", bytes=5, files=1, spare={"tests": 2}),
    )
    assert found.slim_saves == 2
    assert found.to_json()["spare"] == {"tests": 2, "static": 0, "docs": 0}


@pytest.mark.parametrize(("key", "value"), LIES)
def test_a_row_that_is_not_well_formed_is_left_out(key, value):
    found = checked({**GOOD, key: value}).to_json()
    assert found[key] == []


@pytest.mark.parametrize(
    "answer",
    [None, [], {}, {"schema": 2}, {**GOOD, "bytes": "10"}, {**GOOD, "environment": None}],
)
def test_what_is_no_answer_is_refused(answer):
    with pytest.raises(ImageContentsError, match="does not say"):
        checked(answer)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), _JSON))
def test_no_answer_does_harm(changes: Mapping[str, object]):
    try:
        found = checked({**GOOD, **changes})
    except ImageContentsError:
        return
    json.dumps(found.to_json())
    assert found.slim_saves >= 0
