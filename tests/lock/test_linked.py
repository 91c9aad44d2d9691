"""Folders of wheels stand in for what the index lacks, and for nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from makers import direct, lock, locked, spec
from simple_index import _sdist

from jupyter_devbox.errors import BinderError, ResolutionError, WheelError
from jupyter_devbox.lock import lock_environment
from jupyter_devbox.lock.wheel_archive import pure_wheel
from jupyter_devbox.render import render
from jupyter_devbox.spec.lock import WheelFile
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.workflow.binder import _refuse

NEW = ExistingEnvironment()


@pytest.fixture
def links(tmp_path: Path) -> Path:
    folder = tmp_path / "my wheels"
    folder.mkdir()
    return folder


def put(folder: Path, name: str, version: str, *requires: str, filename: str = "") -> WheelFile:
    wheel = pure_wheel(name, version, {f"{name}.py": b""}, requires)
    (folder / (filename or wheel.filename)).write_bytes(wheel.content)
    return wheel


def versions(found) -> dict[str, str]:
    return {p.name: p.version for p in found.packages if p.name != "jupyter-devbox"}


def names(found) -> set[str]:
    return {w.filename for w in found.wheels if not w.filename.startswith("jupyter_devbox")}


def asked(links: Path, *texts: str):
    return replace(spec(*(direct(text) for text in texts)), links=(str(links),))


def test_what_the_index_lacks_is_copied_and_what_that_needs(index, links):
    index.add("b", "1.0")
    wheel = put(links, "mine", "0.3", "inner", "b")
    put(links, "inner", "1.0")
    put(links, "unasked", "1.0")
    found = lock_environment(asked(links, "mine==0.3"), NEW, index.env)
    assert versions(found) == {"b": "1.0", "inner": "1.0", "mine": "0.3"}
    assert names(found) == {"inner-1.0-py3-none-any.whl", "mine-0.3-py3-none-any.whl"}
    (mine,) = [p for p in found.packages if p.name == "mine"]
    assert mine.hashes == ("sha256:" + hashlib.sha256(wheel.content).hexdigest(),)
    assert (mine.group, mine.compiled) == ("rest", False)
    said = {d.what: d.reason for d in found.decisions}
    assert "no index has it" in said["mine"]


def test_what_the_index_has_comes_from_there(index, links):
    index.add("b", "1.0")
    other = pure_wheel("b", "1.0", {"b.py": b"other = 1\n"})
    (links / other.filename).write_bytes(other.content)
    found = lock_environment(asked(links, "b==1.0"), NEW, index.env)
    assert names(found) == set()
    (b,) = [p for p in found.packages if p.name == "b"]
    mine = hashlib.sha256(other.content).hexdigest()
    assert f"sha256:{mine}" not in b.hashes


def test_a_pin_that_the_index_lacks_is_satisfied(index, links):
    index.add("b", "1.0")
    put(links, "b", "2.0")
    found = lock_environment(asked(links, "b==2.0"), NEW, index.env)
    assert versions(found) == {"b": "2.0"}
    assert names(found) == {"b-2.0-py3-none-any.whl"}
    firm = replace(spec(direct("b==3.0", firm=True)), links=(str(links),))
    with pytest.raises(ResolutionError):
        lock_environment(firm, NEW, index.env)


def test_the_same_folder_gives_the_same_lock(index, links):
    put(links, "mine", "0.3")
    environment = asked(links, "mine")
    first = lock_environment(environment, NEW, index.env)
    again = lock_environment(environment, replace(NEW, inputs=first.inputs), index.env)
    assert again == first


def test_a_source_archive_is_built_in_the_image(index, links):
    archive = _sdist("mine", "0.3")
    (links / "mine-0.3.tar.gz").write_bytes(archive)
    found = lock_environment(asked(links, "mine"), NEW, index.env)
    (mine,) = [p for p in found.packages if p.name == "mine"]
    assert mine.compiled
    assert mine.hashes == ("sha256:" + hashlib.sha256(archive).hexdigest(),)
    assert names(found) == {"mine-0.3.tar.gz"}
    tree = render(spec(direct("mine")), found, ProjectOptions(), uv_version="0.8.0")
    (file,) = [f for f in tree.files if f.path.endswith("mine-0.3.tar.gz")]
    assert file.content == archive
    (dockerfile,) = [f for f in tree.files if f.path.endswith("Dockerfile")]
    stages = "".join(block.text for block in dockerfile.blocks).split("FROM ")
    (builder,) = [stage for stage in stages if "build-essential" in stage]
    assert "source=wheels,target=/run/devbox/wheels" in builder
    assert "--find-links /run/devbox/wheels" in builder
    assert not any("build-essential" in stage for stage in stages if " AS final" in stage)


def test_without_archives_the_builder_is_as_before():
    one = lock(locked("pygraphviz==1.14", compiled=True))
    tree = render(spec(), one, ProjectOptions(), uv_version="0.8.0")
    (dockerfile,) = [f for f in tree.files if f.path.endswith("Dockerfile")]
    (tools,) = [block.text for block in dockerfile.blocks if block.name == "tools"]
    assert "find-links" not in tools


def test_a_file_that_lies_is_refused(index, links):
    wheel = put(links, "mine", "0.3")
    (links / wheel.filename).write_bytes(wheel.content[:-40] + b"x" * 40)
    with pytest.raises((WheelError, ResolutionError)):
        lock_environment(asked(links, "mine"), NEW, index.env)


def test_a_link_out_of_the_folder_is_refused(index, links, tmp_path):
    wheel = put(tmp_path, "mine", "0.3")
    (links / wheel.filename).symlink_to(tmp_path / wheel.filename)
    with pytest.raises(WheelError, match="none of the folders"):
        lock_environment(asked(links, "mine"), NEW, index.env)


def test_binder_gets_no_source_archives():
    one = replace(lock(), wheels=(WheelFile(filename="mine-0.3.tar.gz", content=b""),))
    from jupyter_devbox.spec.binder import BinderFolder

    with pytest.raises(BinderError, match="only wheels"):
        _refuse(BinderFolder(), "dockerfile", one)
