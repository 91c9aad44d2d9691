"""What no index has becomes a wheel: repositories, folders, files."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from makers import base, direct, spec
from sources import make_source

from jupyter_devbox.errors import LockError, UntrustedProjectError
from jupyter_devbox.lock.wheel_archive import pure_wheel
from jupyter_devbox.lock.wheels import collect_wheels


def collect(url, name="demo", source="vcs", **more):
    # It is installed here, or it would not be built here.
    installed = direct(f"{name}==1.0", source=source, url=url)
    return collect_wheels(spec(installed, **more))


def git(folder, *arguments):
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    """A repository whose first commit answers 42, and whose newest does not."""
    folder = make_source(tmp_path / "my repo")
    git(folder.parent, "init", "--quiet", str(folder))
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    commit = git(folder, "rev-parse", "HEAD")
    (folder / "demo" / "__init__.py").write_text("answer = 0\n")
    git(folder, "commit", "--quiet", "-a", "-m", "second")
    return folder, commit


def read(wheel, name):
    with zipfile.ZipFile(io.BytesIO(wheel.content)) as archive:
        return archive.read(name).decode()


# --- repositories ------------------------------------------------------------------------


def test_the_commit_that_was_installed_is_built(repository):
    folder, commit = repository
    ((found,), decisions) = collect(f"git+{folder.as_uri()}@{commit}")
    assert (found.name, found.version, decisions) == ("demo", "1.0", ())
    assert read(found.wheel, "demo/__init__.py") == "answer = 42\n"
    again, _ = collect(f"git+{folder.as_uri()}@{commit}")
    assert again == (found,)


def test_a_folder_of_the_repository(tmp_path):
    folder = tmp_path / "mono"
    make_source(folder / "packages" / "one")
    git(tmp_path, "init", "--quiet", str(folder))
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "x")
    commit = git(folder, "rev-parse", "HEAD")
    url = f"git+{folder.as_uri()}@{commit}#egg=demo&subdirectory=packages%2Fone"
    ((found,), _) = collect(url)
    assert found.name == "demo"
    for below in ("..", "../..", "%2e%2e/x", "/etc", "packages/../../.."):
        with pytest.raises(LockError, match="leads out of its repository"):
            collect(f"git+{folder.as_uri()}@{commit}#subdirectory={below}")


def test_a_link_in_the_repository_leads_nowhere_either(tmp_path):
    make_source(tmp_path / "outside")
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "inner").symlink_to(tmp_path / "outside")
    git(tmp_path, "init", "--quiet", str(folder))
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "x")
    commit = git(folder, "rev-parse", "HEAD")
    with pytest.raises(LockError, match="leads out"):
        collect(f"git+{folder.as_uri()}@{commit}#subdirectory=inner")


@pytest.mark.parametrize("tail", ["@-upload-pack=touch evil", "@--orphan", "@", "", "#egg=demo"])
def test_only_a_commit_will_do(repository, tail, tmp_path):
    folder, _ = repository
    with pytest.raises(LockError) as caught:
        collect(f"git+{folder.as_uri()}{tail}")
    assert "commit" in caught.value.message
    assert "--exclude demo" in caught.value.hint
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    "url", ["git+-oProxyCommand=evil@abc", "hg+https://host/x@1", "https://host/x.whl"]
)
def test_other_addresses_are_refused(url):
    with pytest.raises(LockError):
        collect(url)


def test_a_commit_that_is_gone(repository):
    folder, _ = repository
    with pytest.raises(LockError, match="cannot be fetched") as caught:
        collect(f"git+{folder.as_uri()}@{'0' * 40}")
    assert caught.value.details


def test_git_s_own_words_carry_no_credentials(repository, monkeypatch):
    """A user's insteadOf may put a token into the address, and git repeats it."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "url.http://ada:hunter2@127.0.0.1:9/.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://host/")
    with pytest.raises(LockError) as caught:
        collect("git+https://host/x.git@abc")
    assert caught.value.details
    assert "hunter2" not in str(caught.value.to_json())


def test_a_project_from_elsewhere_builds_nothing_on_this_machine(repository):
    """Its requirements.in may name any address, and building is running."""
    folder, commit = repository
    url = f"git+{folder.as_uri()}@{commit}"
    environment = spec(direct("demo==1.0", source="vcs", url=url))
    with pytest.raises(UntrustedProjectError) as caught:
        collect_wheels(environment, trusted=False)
    assert caught.value.hint == "jupyter devbox trust"
    assert collect_wheels(spec(direct("numpy==2.1")), trusted=False) == ((), ())


# --- folders -------------------------------------------------------------------------------


def state(folder):
    return {
        path.relative_to(folder).as_posix(): (
            path.lstat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in [folder, *folder.rglob("*")]
    }


def test_an_editable_folder_is_built_and_stays_untouched(tmp_path):
    folder = make_source(tmp_path / "work copy")
    before = state(folder)
    ((found,), _) = collect(folder.as_uri(), source="editable")
    assert read(found.wheel, "demo/__init__.py") == "answer = 42\n"
    assert state(folder) == before


def test_what_is_no_source_is_not_copied_but_packages_of_such_names_are(tmp_path):
    folder = make_source(tmp_path / "work")
    for environment in ("venv", "my-env"):
        (folder / environment).mkdir()
        (folder / environment / "pyvenv.cfg").write_text("home = /usr/bin\n")
        (folder / environment / "junk.py").write_text("")
    (folder / "demo" / "venv").mkdir()
    (folder / "demo" / "venv" / "__init__.py").write_text("kept = 1\n")
    os.mkfifo(folder / "a-pipe")
    ((found,), _) = collect(folder.as_uri(), source="editable")
    with zipfile.ZipFile(io.BytesIO(found.wheel.content)) as archive:
        names = archive.namelist()
    assert "demo/venv/__init__.py" in names
    assert not [name for name in names if "junk" in name]


def test_a_folder_that_does_not_build(tmp_path):
    folder = make_source(tmp_path / "work", backend="raise RuntimeError('my build is broken')\n")
    with pytest.raises(LockError, match="demo has no wheel") as caught:
        collect(folder.as_uri(), source="editable")
    assert any("my build is broken" in line for line in caught.value.details)


# --- files -----------------------------------------------------------------------------------


def test_a_wheel_file_is_taken_as_it_is(tmp_path):
    wheel = pure_wheel("demo", "2.0+local.1", {"demo.py": b""})
    path = tmp_path / "my wheels" / wheel.filename
    path.parent.mkdir()
    path.write_bytes(wheel.content)
    ((found,), _) = collect(path.as_uri(), source="file")
    assert (found.name, found.version, found.wheel) == ("demo", "2.0+local.1", wheel)


def test_a_file_that_is_gone_means_the_index_and_says_so():
    found, (decision,) = collect("file:///somebody/elses/demo-1.0-py3-none-any.whl", source="file")
    assert found == ()
    assert decision.what == "demo"
    assert "index" in decision.reason


@pytest.mark.parametrize(
    "url", ["file:///proc/1/root/x.whl", "file:///x%00y.whl", "file:///" + "x" * 5000]
)
def test_a_file_that_cannot_even_be_asked_about_is_gone(url):
    found, decisions = collect(url, source="file")
    assert found == ()
    assert len(decisions) == 1


def test_a_wheel_file_that_cannot_be_read(tmp_path):
    (tmp_path / "demo-1.0-py3-none-any.whl").mkdir()
    with pytest.raises(LockError, match="cannot be read"):
        collect((tmp_path / "demo-1.0-py3-none-any.whl").as_uri(), source="file")


def test_a_wheel_under_a_name_that_is_none(tmp_path):
    (tmp_path / "demo.whl").write_bytes(b"PK")
    with pytest.raises(LockError, match="not a wheel's file name"):
        collect((tmp_path / "demo.whl").as_uri(), source="file")


TAGS = {
    "py3-none-any": True, "py2.py3-none-any": True, "cp311-none-any": True,
    "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64": True,
    "cp311-cp311-linux_x86_64": True,
    "cp38-abi3-manylinux_2_28_x86_64": True, "py3-none-manylinux_2_5_x86_64": True,
    "py2-none-any": False, "cp310-none-any": False, "cp310-cp310-linux_x86_64": False,
    "cp311-cp311-manylinux_2_39_x86_64": False, "cp311-cp311-manylinux_2_17_aarch64": False,
    "cp311-cp311-macosx_11_0_x86_64": False, "cp311-cp311-win_amd64": False,
    "cp311-cp311-musllinux_1_2_x86_64": False, "cp312-abi3-manylinux_2_17_x86_64": False,
}  # fmt: skip


@pytest.mark.parametrize(("tag", "fits"), TAGS.items())
def test_a_wheel_must_fit_the_image(tmp_path, tag, fits):
    path = Path(tmp_path, f"demo-1.0-{tag}.whl")
    path.write_bytes(b"PK")
    if fits:
        assert collect(path.as_uri(), source="file")[0]
    else:
        with pytest.raises(LockError, match=r"does not fit Python 3\.11 on linux/amd64") as caught:
            collect(path.as_uri(), source="file")
        assert "--exclude demo" in caught.value.hint


def test_an_arm_image_takes_arm_wheels(tmp_path):
    path = Path(tmp_path, "demo-1.0-cp311-cp311-manylinux_2_17_aarch64.whl")
    path.write_bytes(b"PK")
    arm = base(platform="linux/arm64")
    assert collect(path.as_uri(), source="file", base_image=arm)[0]


def test_nothing_is_built_where_nothing_has_an_address():
    assert collect_wheels(spec(direct("numpy==2.1"))) == ((), ())
