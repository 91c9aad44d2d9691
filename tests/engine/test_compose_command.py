"""The compose command: which one is taken, what it is given, what is made of its complaints."""

from __future__ import annotations

import json

import pytest

from jupyter_devbox.engine.compose import compose, find_compose
from jupyter_devbox.errors import ComposeMissingError, GpuUnavailableError, ServiceError
from jupyter_devbox.spec.compose_project import ComposeProject


def program(folder, script):
    folder.mkdir(exist_ok=True)
    path = folder / "docker"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def alone(monkeypatch):
    """Hide the machine's own `docker`."""
    monkeypatch.setattr("jupyter_devbox.engine.docker_cli._USUAL", ())


def test_the_first_with_a_plugin_that_is_new_enough(tmp_path, alone):
    without = program(tmp_path / "a", "echo 'unknown command' >&2; exit 1")
    old = program(tmp_path / "b", "echo 1.29.2")
    good = program(tmp_path / "c", "echo v2.26.1-4")

    def found(*folders):
        return find_compose({"PATH": ":".join(str(tmp_path / name) for name in folders)})

    assert found("a", "b", "c") == good
    with pytest.raises(ComposeMissingError, match=r"too old, 2\.20 is needed: `1\.29`"):
        found("a", "b")
    with pytest.raises(ComposeMissingError) as caught:
        found("a")
    assert caught.value.details == (without,)
    assert "docker-compose-plugin" in caught.value.hint
    with pytest.raises(ComposeMissingError, match="`docker`"):
        found("none")
    assert old


PROJECT = {
    "name": "lab", "files": (("a/one.yml", "services: 1"), ("two.yml", "{}")), "service": "box",
    "workspace": "/w",
}  # fmt: skip


def ran(tmp_path, script, *words, **env):
    docker = program(tmp_path / "bin", script)
    project = ComposeProject(**PROJECT, folder=str(tmp_path))
    return compose(docker, {"PATH": "/usr/bin:/bin", **env}, project, words, {"services": {}})


def test_it_reads_the_approved_texts_and_no_settings_of_the_projects(tmp_path):
    (tmp_path / ".env").write_text("COMPOSE_FILE=evil.yml\n")
    script = 'pwd; env | grep ^COMPOSE_; for a in "$@"; do echo "$a"; case "$a" in'
    script += " --file=*) cat ${a#--file=}; echo ;; esac; done"
    said = ran(tmp_path, script, "up", COMPOSE_FILE="evil.yml", COMPOSE_PROJECT_NAME="x", LATER="1")
    lines = said.splitlines()
    assert lines[0] == str(tmp_path)
    assert lines[1] == "compose"
    assert "--env-file=/dev/null" in lines
    assert "--project-name=lab" in lines
    assert f"--project-directory={tmp_path}" in lines
    texts = [lines[n + 1] for n, line in enumerate(lines) if line.startswith("--file=")]
    assert texts[:2] == ["services: 1", "{}"]
    assert json.loads(texts[2]) == {"services": {}}
    assert lines[-1] == "up"
    assert "evil" not in said


def test_its_last_words_are_told_with_the_files_own_name(tmp_path):
    script = 'for a in "$@"; do case "$a" in --file=*0.yaml) f=${a#--file=};; esac; done\n'
    script += 'echo "time=x level=warning" >&2; echo "parsing $f: line 2: bad" >&2; exit 15'
    with pytest.raises(ServiceError) as caught:
        ran(tmp_path, script, "config")
    assert caught.value.message == (
        "Compose cannot start the project's services: `parsing a/one.yml: line 2: bad`"
    )
    assert caught.value.hint == "mend a/one.yml, then start the kernel again"


def test_a_card_that_cannot_be_had_is_told_as_everywhere(tmp_path):
    said = 'could not select device driver "nvidia" with capabilities: [[gpu]]'
    with pytest.raises(GpuUnavailableError):
        ran(tmp_path, f"echo 'Error response from daemon: {said}' >&2; exit 1", "up")
