"""Which files a build or a run reads, and that none leads elsewhere."""

from __future__ import annotations

import hashlib
import os

import pytest

from jupyter_devbox.errors import ConfigurationError, FileError
from jupyter_devbox.files.build_files import KEPT_BYTES, copy_context, read_build_files


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "lab"
    (folder / ".devcontainer").mkdir(parents=True)
    return folder


def write(project, **files):
    """Write files; two underscores stand for a slash, and `dot` for its point."""
    for name, text in files.items():
        path = project / name.replace("__", "/").replace("dot", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def paths(project):
    return [file.path for file in read_build_files(project).files]


def test_nothing_to_read(tmp_path):
    assert read_build_files(tmp_path).files == ()


def test_the_whole_context_and_all_that_is_named(project):
    write(
        project, dotdevcontainer__Dockerfile="FROM x", dotdevcontainer__wheels__a="w",
        dotdevcontainer__scripts__deep__setup="s", docker__Other="FROM y", composedotyml="a: 1",
        README="no", dotdevcontainerdotjson='{"build": {"dockerfile": "docker/Other"}}',
        dotdevcontainer__cuda__devcontainerdotjson='{"dockerComposeFile": ["../../compose.yml"]}',
        dotdevcontainer__cuda__deep__devcontainerdotjson="not one that a client looks for",
    )  # fmt: skip
    found = read_build_files(project)
    assert [f.path for f in found.files] == [
        ".devcontainer.json",
        ".devcontainer/Dockerfile",
        ".devcontainer/cuda/deep/devcontainer.json",
        ".devcontainer/cuda/devcontainer.json",
        ".devcontainer/scripts/deep/setup",
        ".devcontainer/wheels/a",
        "compose.yml",
        "docker/Other",
    ]
    assert sorted(found.configurations) == [
        ".devcontainer.json", ".devcontainer/cuda/devcontainer.json",
    ]  # fmt: skip
    assert found.compose == ("compose.yml",)
    assert found.files[1].sha256 == hashlib.sha256(b"FROM x").hexdigest()
    assert found.text("compose.yml") == "a: 1"


def test_a_large_file_and_a_secret_one_have_digests_and_no_text(project):
    write(project, dotdevcontainer__large="x" * (KEPT_BYTES + 1), dotdevcontainer__dotenv="K=s")
    for file in read_build_files(project).files:
        assert len(file.sha256) == 64
        assert file.text is None


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../../outside", "../../../etc/passwd", "a/../../../b"]
)
@pytest.mark.parametrize("key", ["dockerFile", "dockerComposeFile"])
def test_a_path_out_of_the_project_is_refused(project, name, key):
    write(project, dotdevcontainer__devcontainerdotjson=f'{{"{key}": "{name}"}}')
    with pytest.raises(FileError):
        read_build_files(project)


def test_no_link_is_followed(project, tmp_path):
    (tmp_path / "secret").write_text("s")
    context = project / ".devcontainer"
    for link, target in [
        (context / "Dockerfile", tmp_path / "secret"),
        (context / "inside", project / "README"),
        (context / "folder", tmp_path),
        (project / ".devcontainer.json", tmp_path / "secret"),
    ]:
        link.symlink_to(target)
        with pytest.raises(FileError):
            read_build_files(project)
        if link.parent == context:
            with pytest.raises(FileError):
                copy_context(project, tmp_path / "copy")
        link.unlink()
    assert paths(project) == []
    write(project, dotdevcontainer__devcontainerdotjson='{"dockerComposeFile": "../c.yml"}')
    (project / "c.yml").symlink_to(tmp_path / "secret")
    with pytest.raises(FileError):
        read_build_files(project)


def test_the_folder_itself_may_be_no_link(tmp_path):
    (tmp_path / "lab").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "lab" / ".devcontainer").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileError):
        read_build_files(tmp_path / "lab")


def test_a_pipe_does_not_hold_it_up(project):
    os.mkfifo(project / ".devcontainer" / "pipe")
    with pytest.raises(FileError):
        read_build_files(project)


@pytest.mark.parametrize("text", ["{", "[]", "\udcff"])
def test_a_broken_configuration_is_said(project, text):
    path = project / ".devcontainer" / "devcontainer.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises((ConfigurationError, FileError), match=r"devcontainer\.json"):
        read_build_files(project)


def test_the_copy_is_what_its_digests_say(project, tmp_path):
    write(project, dotdevcontainer__Dockerfile="FROM x", dotdevcontainer__scripts__run="#!/bin/sh")
    (project / ".devcontainer" / "scripts" / "run").chmod(0o755)
    copy = tmp_path / "copy"
    digests = copy_context(project, copy)
    found = {f.path: f.sha256 for f in read_build_files(project).files}
    assert digests == found
    assert (copy / "Dockerfile").read_text() == "FROM x"
    assert (copy / "scripts" / "run").stat().st_mode & 0o777 == 0o755
