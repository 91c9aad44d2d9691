"""The repository's own `binder/`: its lock is that of pyproject.toml, its Dockerfile is clean."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from jupyter_devbox.files.binder import read_binder
from jupyter_devbox.spec.binder import SERVER

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]


def test_the_lock_has_all_that_the_project_and_its_demo_need():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = read_binder(ROOT).pins
    lines = [*project["dependencies"], *project["optional-dependencies"]["demo"], *SERVER]
    for line in lines:
        need = Requirement(line)
        if need.marker is None or need.marker.evaluate({"python_version": "3.11"}):
            version = pins.get(canonicalize_name(need.name), "")
            assert need.specifier.contains(version or "0", prereleases=True), line
            assert version, f"{line}: .venv/bin/python .ci/binder_lock.py"


def test_every_package_has_a_hash_and_no_address():
    text = (ROOT / "binder" / "requirements.txt").read_text()
    pins = [line for line in text.splitlines() if "==" in line and not line.startswith("#")]
    assert len(pins) == len(read_binder(ROOT).pins) > 50
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text


def test_hadolint_has_nothing_to_say_about_it():
    hadolint = Path(sys.executable).with_name("hadolint")
    config = ROOT / "tests" / "render" / "hadolint.yaml"
    words = [str(hadolint), "--no-color", "--config", str(config), str(ROOT / "binder/Dockerfile")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
