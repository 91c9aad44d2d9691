"""Wheels that the user names: each is looked through before anything of it is written."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.errors import WheelError
from jupyter_devbox.lock import given_wheels, link_folders
from jupyter_devbox.lock.wheel_archive import pure_wheel
from jupyter_devbox.plan.options import merge_options
from jupyter_devbox.spec.project import ProjectOptions

GOOD = "demo-1.0-py3-none-any.whl"


def put(folder: Path, name: str = "demo", version: str = "1.0", filename: str = "") -> Path:
    wheel = pure_wheel(name, version, {f"{name}/__init__.py": b"answer = 42\n"})
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (filename or wheel.filename)
    path.write_bytes(wheel.content)
    return path


def with_file(path: Path, name: str) -> Path:
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), "x")
    return path


def test_a_wheel_is_known_by_what_it_says(tmp_path):
    path = put(tmp_path / "a folder", "My_Demo".lower(), "1.0")
    (found,) = given_wheels(tmp_path, [str(path)])
    assert (found.name, found.version, found.filename) == ("my-demo", "1.0", path.name)
    assert found.url == path.as_uri()


def test_a_bare_name_lies_in_the_project(tmp_path):
    put(tmp_path / ".devcontainer" / "wheels")
    (found,) = given_wheels(tmp_path, [GOOD])
    assert found.url.endswith(f"/.devcontainer/wheels/{GOOD}")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-60])


def _flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(b"answer")] ^= 1
    path.write_bytes(bytes(content))


def _text(path: Path) -> None:
    path.write_text("no archive")


def _empty(path: Path) -> None:
    with zipfile.ZipFile(path, "w"):
        pass


@pytest.mark.parametrize("harm", [_cut, _flipped, _text, _empty])
def test_a_damaged_wheel_is_refused(tmp_path, harm):
    path = put(tmp_path)
    harm(path)
    with pytest.raises(WheelError, match="damaged"):
        given_wheels(tmp_path, [str(path)])


@pytest.mark.parametrize("name", ["../../x", "/etc/x", "a/../../x", "\\x", "C:\\x", "a\\..\\..\\x"])
def test_a_file_that_leads_out_is_refused(tmp_path, name):
    path = with_file(put(tmp_path), name)
    with pytest.raises(WheelError, match="leads out"):
        given_wheels(tmp_path, [str(path)])


@pytest.mark.parametrize(
    ("filename", "message"),
    [
        ("demo.whl", "not a wheel's file name"),
        ("demo-1.0.zip", "not a wheel's file name"),
        ("demo-2.0-py3-none-any.whl", "says that it is demo 1.0"),
        ("other-1.0-py3-none-any.whl", "says that it is demo 1.0"),
    ],
)
def test_a_name_that_is_not_the_wheels_own(tmp_path, filename, message):
    path = put(tmp_path, filename=filename)
    with pytest.raises(WheelError, match=message):
        given_wheels(tmp_path, [str(path)])


def test_a_source_archive_goes_another_way(tmp_path):
    with pytest.raises(WheelError) as caught:
        given_wheels(tmp_path, [str(tmp_path / "demo-1.0.tar.gz")])
    assert "--find-links" in caught.value.hint


def test_one_that_is_not_there(tmp_path):
    for path in (GOOD, str(tmp_path / GOOD)):
        with pytest.raises(WheelError, match="no such wheel"):
            given_wheels(tmp_path, [path])
    (tmp_path / GOOD).mkdir()
    with pytest.raises(WheelError, match="no such wheel"):
        given_wheels(tmp_path, [str(tmp_path / GOOD)])


def test_two_of_one_package_are_refused(tmp_path):
    paths = [str(put(tmp_path, version=version)) for version in ("1.0", "2.0")]
    with pytest.raises(WheelError, match="Two wheels are named for demo"):
        given_wheels(tmp_path, paths)
    assert len(given_wheels(tmp_path, [paths[0], paths[0]])) == 1


def test_a_newer_one_takes_the_place_of_the_remembered():
    before = ProjectOptions(wheels=("demo-1.0-py3-none-any.whl", "other-1-py3-none-any.whl"))
    asked = ProjectOptions(wheels=("/x/demo-2.0-py3-none-any.whl",))
    assert merge_options(before, asked).wheels == (
        "/x/demo-2.0-py3-none-any.whl",
        "other-1-py3-none-any.whl",
    )
    without = ProjectOptions(exclude=("demo",))
    assert merge_options(before, without).wheels == ("other-1-py3-none-any.whl",)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_wheel_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / GOOD
    path.write_bytes(content)
    with pytest.raises(WheelError):
        given_wheels(path.parent, [str(path)])


@given(st.binary(min_size=1, max_size=4), st.integers(0, 400))
def test_any_harm_to_a_wheel_is_found_or_harmless(tmp_path_factory, harm, place):
    path = put(tmp_path_factory.mktemp("any"))
    content = bytearray(path.read_bytes())
    content[place : place + len(harm)] = harm
    path.write_bytes(bytes(content))
    try:
        (found,) = given_wheels(path.parent, [str(path)])
    except WheelError:
        return
    assert (found.name, found.version) == ("demo", "1.0")
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        assert archive.testzip() is None


def test_folders_are_there_or_refused(tmp_path):
    (tmp_path / "links").mkdir()
    folder = str(tmp_path / "links")
    assert link_folders(tmp_path, ["wheels"]) == ()
    (tmp_path / ".devcontainer" / "wheels").mkdir(parents=True)
    own = str(tmp_path / ".devcontainer" / "wheels")
    assert link_folders(tmp_path, ["wheels", folder]) == (folder, own)
    with pytest.raises(WheelError, match="not a folder"):
        link_folders(tmp_path, [str(tmp_path / "none")])
