"""The lock as text: other tools install it, and it is read again."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from makers import lock, locked

from jupyter_devbox.engine.uv import uv_program
from jupyter_devbox.lock.wheel_archive import pure_wheel
from jupyter_devbox.spec.requirements_txt import (
    format_lock,
    read_inputs,
    read_pins,
)
from jupyter_devbox.spec.target_files import CPU


@pytest.mark.usefixtures("pure")
def test_the_stable_file_knows_nothing_of_the_rest():
    """A package more must not touch the file that the stable layer is keyed by."""
    few = format_lock(lock(locked("numpy==2.1"), inputs="aa"))
    more = format_lock(lock(locked("numpy==2.1"), locked("lxml==5", group="rest"), inputs="bb"))
    assert few[CPU.stable] == more[CPU.stable]
    assert few[CPU.rest] != more[CPU.rest]


def test_what_is_written_is_read_again():
    package = locked("numpy==2.1", hashes=("sha256:" + "1" * 64, "sha256:" + "2" * 64))
    texts = format_lock(lock(package, locked("six==1.17", group="rest"), inputs="ab12"))
    assert read_pins(texts[CPU.stable]) == {"numpy": "2.1"}
    assert read_pins(texts[CPU.rest]) == {"six": "1.17", "jupyter-devbox": "0.1.0"}
    assert read_inputs(texts[CPU.rest]) == "ab12"
    assert read_inputs(texts[CPU.stable]) == ""


def test_a_package_of_an_index_of_its_own_stands_there_with_its_file():
    url = "https://index.example/whl/torch-2.5.1%2Bcu124-cp311-cp311-linux_x86_64.whl"
    text = format_lock(lock(locked("torch==2.5.1+cu124", url=url)))[CPU.stable]
    assert f"torch @ {url} \\\n    --hash=" in text
    assert read_pins(text) == {"torch": "2.5.1+cu124"}
    assert read_pins("x @ https://index.example/no-wheel.whl") == {}


@given(st.text())
def test_any_text_can_be_read(text):
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name) for name in read_pins(text))
    assert re.fullmatch(r"[0-9a-f]*", read_inputs(text))


def _written(folder: Path, wheels: Path, tamper: str = "") -> Path:
    """Write a lock of two wheels, one in each group."""
    wheels.mkdir()
    packages = []
    for name, group in (("alpha-one", "stable"), ("beta.two", "rest")):
        wheel = pure_wheel(name.replace(".", "-"), "1.0", {f"{name[:4]}.py": b"x = 1\n"})
        (wheels / wheel.filename).write_bytes(wheel.content)
        digest = hashlib.sha256(wheel.content + tamper.encode()).hexdigest()
        text = f"{name.replace('.', '-')}==1.0"
        packages.append(locked(text, group=group, hashes=(f"sha256:{digest}",)))
    value = replace(lock(), packages=tuple(packages))
    for file, text in format_lock(value).items():
        (folder / file).write_text(text)
    return folder / CPU.rest


def _installers() -> list[list[str]]:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--isolated"]
    return [pip, [uv_program(), "pip", "install", "--quiet", "--python", sys.executable]]


@pytest.mark.parametrize("number", [0, 1], ids=["pip", "uv"])
def test_installers_take_the_lock_and_check_its_hashes(tmp_path, number):
    if number == 0:
        pytest.importorskip("pip")
    installer = _installers()[number]
    for tamper in ("", "other bytes"):
        folder = tmp_path / (tamper or "good")
        folder.mkdir()
        rest = _written(folder, folder / "wheels", tamper)
        command = [
            *installer, "--no-index", "--find-links", str(folder / "wheels"), "--no-deps",
            "--require-hashes", "--target", str(folder / "site"), "--requirement", str(rest),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) is (not tamper), done.stderr
        if not tamper:
            assert (folder / "site" / "alph.py").is_file()
            assert (folder / "site" / "beta.py").is_file()
