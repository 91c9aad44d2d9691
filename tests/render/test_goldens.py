"""The files as they are written: goldens, linted and read by other programs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import json5
import pytest
from cases import CASES, NESTED
from official_schema import official_schema

from jupyter_devbox.files.configuration import check_configuration
from jupyter_devbox.files.merge import merge
from jupyter_devbox.render import render

HERE = Path(__file__).parent


def program(name):
    """Return a program that came with a package of the test environment."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: pip install 'jupyter-devbox[test]'")
    return found


def files(case):
    environment, lock, options = CASES[case]
    tree = render(environment, lock, options, uv_version="0.8.0", nested=case in NESTED)
    return {
        file.path.removeprefix(".devcontainer/"): merge(file, None).content.decode()
        for file in tree.files
        if not file.path.endswith(".whl")
    }


@pytest.mark.usefixtures("pure")
@pytest.mark.parametrize("case", CASES)
def test_files_are_as_reviewed(case, golden):
    written = files(case)
    compose = ["compose.yaml"] if CASES[case][0].services else []
    assert sorted(written) == [
        "Dockerfile", *compose, "devcontainer.json", "requirements.in", "requirements.stable.txt",
        "requirements.txt",
    ]  # fmt: skip
    if compose:
        assert written["compose.yaml"] == golden["compose.yaml"]
    assert written["Dockerfile"] == golden["Dockerfile"]
    assert written["devcontainer.json"] == golden["devcontainer.json"]
    texts = [f"==> {n} <==\n{t}" for n, t in sorted(written.items()) if n.startswith("req")]
    assert "".join(texts) == golden["requirements"]


def test_the_same_input_gives_the_same_bytes():
    assert files("apt") == files("apt")


def test_a_folder_of_wheels_is_mounted_where_there_is_one():
    environment, lock, options = CASES["plain"]
    without = replace(lock, wheels=())
    texts = {}
    for name, one in {"with": lock, "without": without}.items():
        tree = render(environment, one, options, uv_version="0.8.0")
        (file,) = (f for f in tree.files if f.path.endswith("Dockerfile"))
        texts[name] = merge(file, None).content.decode()
    assert "source=wheels" in texts["with"]
    assert "--find-links" in texts["with"]
    assert "wheels" not in texts["without"]


def test_hadolint_has_nothing_to_say(tmp_path):
    hadolint = program("hadolint")
    paths = []
    for case in CASES:
        paths.append(tmp_path / f"{case}.Dockerfile")
        paths[-1].write_text(files(case)["Dockerfile"])
    done = subprocess.run(
        [hadolint, "--no-color", "--config", str(HERE / "hadolint.yaml"), *map(str, paths)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("case", CASES)
def test_the_configuration_is_valid_for_us_and_for_the_specification(case, shared):
    value = json5.loads(files(case)["devcontainer.json"])
    check_configuration(value)
    problems = [error.message for error in official_schema(shared).iter_errors(value)]
    assert problems == []


def test_the_compose_file_is_valid_for_its_specification(tmp_path):
    checker = program("check-jsonschema")
    path = tmp_path / "compose.yaml"
    path.write_text(files("services")["compose.yaml"])
    done = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("case", CASES)
def test_a_second_implementation_reads_the_configuration(case, tmp_path):
    devcontainer = program("devcontainer")
    folder = tmp_path / ".devcontainer"
    folder.mkdir()
    for name, text in files(case).items():
        (folder / name).write_text(text)
    done = subprocess.run(
        [devcontainer, "read-configuration", "--workspace-folder", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    configuration = json.loads(done.stdout)["configuration"]
    if CASES[case][0].services:
        assert configuration["dockerComposeFile"] == "compose.yaml"
    else:
        assert configuration["build"]["dockerfile"] == "Dockerfile"
    assert configuration["name"] == f"{CASES[case][0].project} · CPU"
