"""What was done in a box by hand, read from the files that differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from jupyter_devbox.spec.by_hand import HandPackage, named_alone, read_changes
from jupyter_devbox.spec.container import FileChange
from jupyter_devbox.spec.names import APT_NAME, DISTRIBUTION_NAME

pytestmark = pytest.mark.usefixtures("pure")

SITE = "/opt/venv/lib/python3.11/site-packages"


def at(path: str, kind: str = "added") -> FileChange:
    return FileChange(path=path, kind=kind)


def whole(name: str, *files: str) -> list[FileChange]:
    """What an installer leaves of a package."""
    info = f"{SITE}/{name}.dist-info"
    return [at(info), *(at(f"{info}/{file}") for file in (*files, "RECORD"))]


def test_added_with_what_came_along():
    found = read_changes(
        [
            *whole("equinox-0.13.2", "REQUESTED", "METADATA"),
            *whole("jaxtyping-0.3.2", "METADATA"),
            at(f"{SITE}/equinox/__init__.py"),
        ]
    )
    assert [(p.name, p.asked) for p in found.added] == [("equinox", True), ("jaxtyping", False)]
    found = named_alone(found, {"equinox": ("jaxtyping",), "jaxtyping": ()})
    assert [p.name for p in found.added] == ["equinox"]
    assert [p.name for p in found.brought] == ["jaxtyping"]


def test_an_upgrade_and_a_removal():
    found = read_changes(
        [
            at(f"{SITE}/scipy-1.15.3.dist-info", "removed"),
            *whole("scipy-1.16.2"),
            at(f"{SITE}/seaborn-0.13.2.dist-info", "removed"),
        ]
    )
    assert found.added == (HandPackage(name="scipy", version="1.16.2", before="1.15.3"),)
    assert found.removed == {"seaborn": "0.13.2"}


def test_what_is_half_there_is_neither_added_nor_removed():
    """As a full disk leaves it."""
    found = read_changes(
        [
            at(f"{SITE}/six-1.17.0.dist-info"),
            at(f"{SITE}/six-1.17.0.dist-info/METADATA"),
            at(f"{SITE}/idna-3.9.dist-info", "removed"),
            at(f"{SITE}/idna-3.10.dist-info"),
        ]
    )
    assert found.nothing


def test_the_same_version_again_is_nothing():
    """Its folder is opaque then, which the engine calls removed, and its files are there."""
    found = read_changes(
        [
            at(f"{SITE}/six-1.17.0.dist-info", "removed"),
            at(f"{SITE}/six-1.17.0.dist-info/REQUESTED"),
            at(f"{SITE}/idna-3.10.dist-info", "changed"),
            at(f"{SITE}/idna-3.10.dist-info/RECORD", "changed"),
        ]
    )
    assert found.nothing


def test_names_and_versions_in_their_normal_form():
    found = read_changes(
        [
            *whole("Zope.Interface_x-5.0"),
            *whole("torch-2.5.1+cu124", "direct_url.json"),
        ]
    )
    assert [(p.name, p.public) for p in found.added] == [
        ("torch", "2.5.1"),
        ("zope-interface-x", "5.0"),
    ]
    assert [p.addressed for p in found.added] == [True, False]


def test_uv_calls_everything_asked_for():
    asked = [change for name in "abcd" for change in whole(f"{name}-1", "REQUESTED")]
    needs = {"a": ("b",), "b": ("old",), "old": ("d",), "c": ()}
    found = named_alone(read_changes(asked), needs)
    assert [p.name for p in found.added] == ["a", "c"]
    assert [p.name for p in found.brought] == ["b", "d"]


def test_two_that_need_each_other_both_stay():
    both = [change for name in "ab" for change in whole(f"{name}-1", "REQUESTED")]
    found = named_alone(read_changes(both), {"a": ("b",), "b": ("a",)})
    assert [p.name for p in found.added] == ["a", "b"]


def test_debian_packages():
    found = read_changes(
        [
            at("/var/lib/dpkg/info/ffmpeg.list"),
            at("/var/lib/dpkg/info/libx264-164:amd64.list"),
            at("/var/lib/dpkg/info/ffmpeg.md5sums"),
            at("/var/lib/dpkg/info/tzdata.list", "changed"),
            at("/var/lib/dpkg/info/-o.list"),
        ]
    )
    assert found.apt == ("ffmpeg", "libx264-164")


@pytest.mark.parametrize(
    "path",
    [
        "/home/jovyan/other/lib/python3.11/site-packages/six-1.17.0.dist-info",
        "/opt/venv/lib/python3.11/site-packages/deep/six-1.17.0.dist-info",
        f"{SITE}/six-not a version.dist-info",
        f"{SITE}/--index-url-1.0.dist-info",
        f"{SITE}/six-1.0;echo.dist-info",
        f"{SITE}/six-1.0\n.dist-info",
        f"{SITE}/-1.0.dist-info",
        f"{SITE}/{'a' * 300}-1.0.dist-info",
    ],
)
def test_what_is_no_package_of_the_environment(path):
    assert read_changes([at(path), at(f"{path}/RECORD")]).nothing


@given(
    st.lists(
        st.builds(
            FileChange,
            path=st.from_regex(rf"{SITE}/.*-.*\.dist-info(/.*)?|/var/lib/dpkg/info/.*\.list"),
            kind=st.sampled_from(["added", "changed", "removed"]),
        )
    )
)
def test_whatever_a_box_calls_its_files(found):
    read = named_alone(read_changes(found), {})
    for package in (*read.added, *read.brought):
        assert DISTRIBUTION_NAME.fullmatch(package.name)
        assert Version(package.version)
        assert Version(package.public)
    assert all(APT_NAME.fullmatch(name) for name in read.apt)
