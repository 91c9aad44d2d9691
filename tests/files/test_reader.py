"""What a project already has, however its files came to be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from makers import apt, direct, lock, locked, spec

from jupyter_devbox.errors import ConfigurationError, DevboxError, FileError, RequirementError
from jupyter_devbox.files.reader import configuration_digest, read_environment
from jupyter_devbox.files.writer import compare, write
from jupyter_devbox.plan.options import merge_options
from jupyter_devbox.render import render
from jupyter_devbox.spec.names import check_apt_name
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / ".devcontainer"
    path.mkdir()
    return path


def test_nothing_there(tmp_path):
    assert read_environment(tmp_path) == ExistingEnvironment()


def test_what_was_written_is_read_again(tmp_path):
    options = ProjectOptions(
        include=("lxml>=5",), exclude=("six",), apt=("tini",), python="3.11",
        base="python:3.11-slim-bookworm", ports=(6006,), pack=("tools",),
        provides=("cv2=opencv-python",),
        isolation="kernel",
        idle="30m",
        slim="on",
        wheels=("demo-1.0-py3-none-any.whl",),
        find_links=("wheels",),
    )  # fmt: skip
    environment = spec(
        direct("numpy==2.1", detail="numpy.linalg", notebooks=("sub/ä \udcff.ipynb",)),
        notebooks=("gone.ipynb", "sub/ä \udcff.ipynb"),
        apt=apt("tini"),
        ports=(6006,),
    )
    notebook = tmp_path / "sub" / "ä \udcff.ipynb"
    notebook.parent.mkdir()
    notebook.write_text("{}")
    locked_packages = lock(locked("numpy==2.1"), locked("six==1.17", group="rest"))
    write(
        tmp_path,
        compare(tmp_path, render(environment, locked_packages, options, uv_version="0.8.0")),
    )
    found = read_environment(tmp_path)
    assert found.requirements == environment.requirements
    assert found.options == options
    assert found.apt == environment.apt
    assert found.notebooks == ("sub/ä \udcff.ipynb",)
    assert found.locked == {"numpy": "2.1", "six": "1.17", "jupyter-devbox": "0.1.0"}
    assert found.stable == {"numpy"}
    assert found.inputs == locked_packages.inputs
    assert found.configuration["remoteUser"] == "jovyan"


def test_a_broken_configuration_says_where(folder):
    (folder / "devcontainer.json").write_text('{\n  "name": x\n}')
    with pytest.raises(ConfigurationError, match="line 2, column 11"):
        read_environment(folder.parent)


@pytest.mark.parametrize("content", [b"\xff\xfe{\x00}\x00", b"{\xe9}"])
def test_a_configuration_that_is_no_utf_8(folder, content):
    (folder / "devcontainer.json").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"devcontainer\.json"):
        read_environment(folder.parent)


def test_a_byte_order_mark_is_fine(folder):
    (folder / "devcontainer.json").write_bytes(b'\xef\xbb\xbf{"image": "x"}')
    (folder / "requirements.in").write_bytes(b"\xef\xbb\xbfnumpy\n")
    found = read_environment(folder.parent)
    assert found.configuration == {"image": "x"}
    assert [r.text for r in found.requirements] == ["numpy"]


def test_a_bad_requirement_names_its_line(folder):
    (folder / "requirements.in").write_text("numpy\n# a\x0cb\u2028c\n\n-e .\n")
    with pytest.raises(RequirementError, match=r"requirements\.in, line 4: .*-e \.") as caught:
        read_environment(folder.parent)
    assert caught.value.hint


def test_the_user_s_line_comes_before_ours(folder):
    ours = 'numpy==2.1  # import: numpy; notebooks: ["a.ipynb"]'
    for text in (f"{ours}\nnumpy<2\n", f"numpy<2\n{ours}\n"):
        (folder / "requirements.in").write_text(text)
        (found,) = read_environment(folder.parent).requirements
        assert (found.text, found.reason) == ("numpy<2", "hand")


@pytest.mark.parametrize("name", ["devcontainer.json", "requirements.in", "requirements.txt"])
def test_links_and_folders_in_place_of_files(folder, tmp_path_factory, name):
    secret = tmp_path_factory.mktemp("elsewhere") / "secret"
    secret.write_text('{"secret": 1}')
    (folder / name).symlink_to(secret)
    with pytest.raises(FileError, match="link leads out"):
        read_environment(folder.parent)
    (folder / name).unlink()
    (folder / name).symlink_to(name)
    with pytest.raises(FileError):
        read_environment(folder.parent)
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(FileError):
        read_environment(folder.parent)


@pytest.mark.parametrize(
    "notebook", ["/etc/hostname", "../other.ipynb", "", ".", "a\x00b", "x" * 5000, "\ud800", "link"]
)
def test_notebooks_that_are_not_there_do_not_count(folder, notebook):
    (folder.parent / "link").symlink_to("/etc/hostname")
    (folder.parent.parent / "other.ipynb").write_text("")
    ours = {"customizations": {"jupyter_devbox": {"notebooks": [notebook]}}}
    (folder / "devcontainer.json").write_text(json.dumps(ours))
    assert read_environment(folder.parent).notebooks == ()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text() | st.sampled_from(["reason", "notebooks"]), inner, max_size=3)
    ),
    max_leaves=5,
)
ours = st.fixed_dictionaries(
    {},
    optional={
        "notebooks": anything,
        "apt": anything | st.dictionaries(st.sampled_from(["ffmpeg", "-y"]), anything),
        "options": anything
        | st.dictionaries(
            st.sampled_from(["include", "exclude", "apt", "python", "base", "ports", "isolation"]),
            anything | st.lists(anything, max_size=2),
        ),
        "written": anything,
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ours,
    st.text() | st.lists(st.sampled_from(["numpy", "# x", "-r y", "a ; b", "\x00"])),
    st.text(),
)
def test_whatever_a_file_holds_only_our_own_errors_come(tmp_path, custom, requirements, pins):
    folder = Path(tmp_path) / ".devcontainer"
    folder.mkdir(exist_ok=True)
    configuration = {"customizations": {"jupyter_devbox": custom}}
    (folder / "devcontainer.json").write_text(json.dumps(configuration))
    text = requirements if isinstance(requirements, str) else "\n".join(requirements)
    for name, content in (("requirements.in", text), ("requirements.txt", pins)):
        (folder / name).write_bytes(content.encode(errors="surrogatepass"))
    try:
        found = read_environment(tmp_path)
        merge_options(found.options, ProjectOptions())
    except DevboxError:
        return
    assert all(isinstance(port, int) for port in found.options.ports)
    assert all(check_apt_name(package.name) for package in found.apt)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('{"init": true, "name": "a"}', True),
        ('// mine\n{"name": "a", /* x */ "init": true,}', True),
        ('\ufeff{"name": "a",\r\n"init": true}', True),
        (
            '{"name": "a", "init": true, "customizations": {"jupyter_devbox": {"notebooks": []}}}',
            True,
        ),
        ('{"name": "a", "init": 1}', False),
        ('{"name": "a", "init": true, "customizations": {"vscode": {}}}', False),
        ('{"name": "a", "init": true', False),
        ('{"name": "a", "init": true, "customizations": 5}', True),
    ],
)
def test_a_configuration_s_digest_is_of_what_decides_the_container(tmp_path, text, same):
    config = tmp_path / "devcontainer.json"
    config.write_text('{"name": "a", "init": true, "customizations": {}}')
    before = configuration_digest(config)
    config.write_text(text, encoding="utf-8")
    assert (configuration_digest(config) == before) is same


def test_no_configuration_and_bytes_that_are_no_text(tmp_path):
    config = tmp_path / "devcontainer.json"
    assert configuration_digest(config) == ""
    config.write_bytes(b"\xff")
    assert len(configuration_digest(config)) == 16


@pytest.mark.parametrize(
    "name", ["../x-1-py3-none-any.whl", "/x.whl", "a/b.whl", "x.tar.gz", ".whl"]
)
def test_a_remembered_wheel_is_a_files_name(tmp_path, name):
    text = json.dumps({"customizations": {"jupyter_devbox": {"options": {"wheels": [name]}}}})
    (tmp_path / ".devcontainer").mkdir()
    (tmp_path / ".devcontainer" / "devcontainer.json").write_text(text)
    assert read_environment(tmp_path).options.wheels == ()
