"""The shell scripts of templates and Feature, given anything as an option."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from template_texts import FEATURE, TEMPLATES

START = TEMPLATES / "src" / "jupyter-tensorboard" / ".devcontainer" / "tensorboard.sh"
SHELL = shutil.which("sh")
# What an environment can hold: no zero byte, no half of a pair.
WORDS = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=20)
NEARLY = st.text("ab./-_ $'\"\n;7", max_size=12)
lenient = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def program(folder, name, text):
    path = folder / name
    path.write_text(f"#!{SHELL}\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def run(script, env):
    return subprocess.run(
        [SHELL, script], env=env, cwd=env["HERE"], capture_output=True, text=True, check=False
    )


@pytest.fixture
def place(tmp_path):
    """A project, and a PATH on which nothing does harm."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "project").mkdir()
    for name in ("mkdir", "dirname"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    program(tmp_path / "bin", "python3", "exit 1")
    program(tmp_path / "bin", "nohup", 'printf "%s\\n" "$@"')
    program(tmp_path / "bin", "id", "echo 7")
    return tmp_path


@lenient
@given(WORDS | NEARLY)
@example("runs")
@example("a/b.c/d-e_f")
@example("..")
@example("a/..")
@example("a\n/etc")
@example("-x")
@example("a//b")
def test_tensorboard_starts_in_a_folder_of_the_project_or_not_at_all(place, folder):
    project = place / "project"
    env = {"PATH": str(place / "bin"), "HERE": str(project), "TENSORBOARD_LOGDIR": folder}
    done = run(START, env)
    plain = re.fullmatch(r"[A-Za-z0-9._-][A-Za-z0-9._/-]*", folder) and ".." not in folder.split(
        "/"
    )
    if plain:
        assert done.returncode == 0, done.stderr
        assert (project / folder).is_dir()
    else:
        assert done.returncode == 1
        assert "TENSORBOARD_LOGDIR must be a folder of the project" in done.stderr
    assert sorted(path.name for path in place.iterdir()) == ["bin", "project"]


@lenient
@given(WORDS | NEARLY, WORDS | NEARLY)
@example("latest", "jupyter-devbox")
@example("7.4.0", "python3")
@example("7.4.0\nrm", "a\nb")
@example("7..4", "a/b")
def test_the_feature_takes_names_and_versions_alone(place, version, kernel):
    env = {"PATH": str(place / "bin"), "HERE": str(place)}
    done = run(FEATURE / "install.sh", {**env, "IPYKERNELVERSION": version, "KERNELNAME": kernel})
    assert done.returncode == 1
    if version != "latest" and not re.fullmatch(r"[0-9]+(\.[0-9]+)*", version):
        assert "ipykernelVersion is neither" in done.stderr
    elif not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", kernel):
        assert "kernelName must be of letters" in done.stderr
    else:
        assert "it has to be installed as root" in done.stderr
