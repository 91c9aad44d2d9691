"""The bill of materials: valid, whole, and the same bytes from the same lock."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given
from hypothesis import strategies as st
from makers import apt, base, direct, lock, locked, spec

from jupyter_devbox.errors import FileError, SbomError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.writer import compare, write
from jupyter_devbox.render import render
from jupyter_devbox.spec.lock import LockedPackage
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.requirements_txt import format_lines, read_packages
from jupyter_devbox.workflow.bill import bill_of_materials

SUM = f"sha256:{'c' * 64}"
PACKAGES = (
    locked("numpy==2.1.0", hashes=(SUM, f"sha256:{'d' * 64}")),
    locked("torch==2.1.0+cpu", hashes=(SUM,)),
    locked("lxml==5.3", group="rest", hashes=(SUM,)),
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "digits"
    folder.mkdir()
    environment = spec(
        direct("numpy==2.1.0", notebooks=("a.ipynb",)),
        base_image=base(digest="sha256:" + "e" * 64),
        notebooks=("a.ipynb",),
        apt=apt("ffmpeg"),
    )
    options = ProjectOptions(apt=("ffmpeg", "tini"))
    tree = render(environment, lock(*PACKAGES), options, uv_version="0.8.0")
    write(folder, compare(folder, tree))
    return Project(root=folder, reason="")


def components(text: str) -> dict[str, dict]:
    return {each["bom-ref"]: each for each in json.loads(text)["components"]}


def test_the_librarys_own_schema_takes_it(project):
    bill = bill_of_materials(project)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill.text) is None
    assert bill.components == len(components(bill.text))


def test_it_has_all_that_the_lock_has(project):
    bill = bill_of_materials(project)
    found = components(bill.text)
    assert found["pkg:pypi/lxml@5.3"]["hashes"] == [{"alg": "SHA-256", "content": "c" * 64}]
    several = [each["value"] for each in found["pkg:pypi/numpy@2.1.0"]["properties"]]
    assert several == [SUM, f"sha256:{'d' * 64}"]
    assert found["pkg:pypi/torch@2.1.0%2Bcpu"]["version"] == "2.1.0+cpu"
    assert found["deb:ffmpeg"]["purl"] == found["deb:tini"]["purl"].replace("tini", "ffmpeg")
    assert found["base-image"]["hashes"][0]["content"] == "e" * 64
    assert found["python"]["version"].startswith("3.")
    (root,) = [d for d in json.loads(bill.text)["dependencies"] if d["ref"] == "project"]
    assert root["dependsOn"] == ["pkg:pypi/numpy@2.1.0"]
    assert bill.locks[""] in bill.text


def test_the_same_lock_gives_the_same_bytes(project):
    first = bill_of_materials(project)
    assert bill_of_materials(project) == first
    path = project.root / ".devcontainer/requirements.txt"
    path.write_text(path.read_text().replace("lxml==5.3", "lxml==5.4"))
    other = bill_of_materials(project)
    assert other.locks != first.locks
    numbers = [json.loads(each.text)["serialNumber"] for each in (first, other)]
    assert numbers[0] != numbers[1]


def test_without_the_library_it_says_what_to_install(project, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "cyclonedx"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cyclonedx", None)
    with pytest.raises(SbomError) as caught:
        bill_of_materials(project)
    assert caught.value.hint == "pip install 'jupyter-devbox[sbom]'"


def test_without_a_lock(tmp_path):
    with pytest.raises(FileError, match="no lock"):
        bill_of_materials(Project(root=tmp_path, reason=""))
    with pytest.raises(FileError) as caught:
        bill_of_materials(Project(root=tmp_path, reason=""), "cuda")
    assert "--target cuda" in caught.value.hint


@given(
    st.lists(
        st.builds(
            LockedPackage,
            name=st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,5})?", fullmatch=True),
            version=st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,2}(\+cu[0-9]{3})?", fullmatch=True),
            hashes=st.lists(
                st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True), min_size=1, unique=True
            ).map(lambda sums: tuple(sorted(sums))),
        ),
        max_size=5,
    )
)
def test_a_lock_is_read_as_it_was_written(packages):
    assert read_packages(format_lines(packages)) == tuple(packages)
