"""The files for Binder: goldens, their rules, and hadolint's word."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from makers import apt, base, direct, lock, locked, spec
from test_goldens import program

from jupyter_devbox.errors import PlanError
from jupyter_devbox.files.merge import merge
from jupyter_devbox.render import binder_files
from jupyter_devbox.spec.binder import BinderFolder
from jupyter_devbox.spec.environment import AptPackage
from jupyter_devbox.spec.lock import WheelFile

CONFIG = Path(__file__).parent / "hadolint.yaml"
NUMPY = direct("numpy==2.1.0")
PINS = (locked("numpy==2.1.0"), locked("pip==24.0"), locked("jupyterlab==4.4.0"))
CASES = {
    "plain": (spec(NUMPY), lock(*PINS)),
    "all": (
        spec(NUMPY, apt=apt("ffmpeg"), base_image=base(digest="sha256:" + "d" * 64),
             indexes=("https://index.example/simple",)),
        lock(*PINS, locked("pygraphviz==1.14", compiled=True)),
    ),
}  # fmt: skip


def files(case, mode, before=None):
    environment, locked_to = CASES[case]
    made = binder_files(
        environment, locked_to, mode, uv_version="0.8.0", before=before or BinderFolder()
    )
    return {file.path: merge(file, None).content.decode() for file in made}


@pytest.mark.usefixtures("pure")
@pytest.mark.parametrize("case", CASES)
def test_the_dockerfile_is_as_reviewed(case, golden):
    written = files(case, "dockerfile")
    assert sorted(written) == ["binder/Dockerfile", "binder/requirements.txt", "binder/wheels.txt"]
    assert written["binder/Dockerfile"] == golden["Dockerfile"]


@pytest.mark.usefixtures("pure")
def test_the_build_packs_files_are_as_reviewed(golden):
    written = files("all", "buildpack")
    texts = [f"==> {name} <==\n{text}" for name, text in sorted(written.items())]
    assert "".join(texts) == golden["requirements"]


def test_binders_rules_hold():
    """mybinder.readthedocs.io/en/latest/tutorials/dockerfile.html."""
    text = files("plain", "dockerfile")["binder/Dockerfile"]
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines[0] == "FROM python:3.11-slim-bookworm"
    assert "ARG NB_USER=jovyan" in lines
    assert "ARG NB_UID=1000" in lines
    assert [line for line in lines if line.startswith("USER")][-1] == "USER ${NB_USER}"
    assert "COPY --chown=${NB_UID} . ${HOME}" in lines
    assert lines[-1] == "ENTRYPOINT []"
    assert not any("--mount" in line or "git clone" in line for line in lines)


@pytest.mark.parametrize("mode", ["dockerfile", "buildpack"])
def test_every_package_has_its_hash_and_no_index_of_ours_is_named(mode):
    written = files("all", mode)
    assert "index.example" not in "".join(written.values())
    for name in ("binder/requirements.txt", "binder/wheels.txt"):
        pins = [line for line in written[name].splitlines() if "==" in line]
        assert pins
        assert written[name].count("--hash=sha256:") == len(pins)
        assert all(line.endswith("\\") for line in pins)
    assert "jupyter-devbox==" in written["binder/wheels.txt"]
    assert "jupyter-devbox==" not in written["binder/requirements.txt"]


def test_packages_of_debian_that_are_no_longer_needed_leave_apt_txt():
    before = BinderFolder(there=True, names=frozenset({"apt.txt"}))
    assert "binder/apt.txt" not in files("plain", "buildpack")
    left = files("plain", "buildpack", before)["binder/apt.txt"]
    assert [line for line in left.splitlines() if not line.startswith("#") and line] == []


@pytest.mark.parametrize("name", ["a b-1-py3-none-any.whl", "$HOME-1-py3-none-any.whl", "*.whl"])
def test_a_wheel_whose_name_the_parser_would_change_is_refused(name):
    wheels = (WheelFile(filename=name, content=b""),)
    with pytest.raises(PlanError, match="cannot be named"):
        binder_files(
            spec(), lock(wheels=wheels), "dockerfile", uv_version="1", before=BinderFolder()
        )


@pytest.mark.parametrize("name", ["ffmpeg; rm -rf ~", "--allow", "a\nb"])
def test_no_name_for_apt_gets_into_a_file_unchecked(name):
    hostile = spec(apt=(AptPackage(name=name, reason=""),))
    with pytest.raises(PlanError):
        binder_files(hostile, lock(), "buildpack", uv_version="1", before=BinderFolder())


def test_hadolint_has_nothing_to_say_about_binders_dockerfile(tmp_path):
    paths = []
    for case in CASES:
        paths.append(tmp_path / f"{case}.Dockerfile")
        paths[-1].write_text(files(case, "dockerfile")["binder/Dockerfile"])
    done = subprocess.run(
        [program("hadolint"), "--no-color", "--config", str(CONFIG), *map(str, paths)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
