"""Writing into the user's folder: the old or the new, never through a link, nothing lost."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from jupyter_devbox.errors import ConfigurationError, ConflictError, FileError, ReadOnlyError
from jupyter_devbox.files.folder import Folder, confined
from jupyter_devbox.files.writer import (
    Change,
    Changes,
    atomic_write,
    compare,
    refuse_conflicts,
    write,
)
from jupyter_devbox.spec.tree import (
    BinaryFile,
    Block,
    BlockFile,
    KeyFile,
    LinesFile,
    RenderedTree,
)

NOBODY = 65534


def docker(text="FROM a\n"):
    return BlockFile(path=".devcontainer/Dockerfile", blocks=(Block(name="base", text=text),))


def config(**values):
    return KeyFile(
        path=".devcontainer/devcontainer.json",
        values={(name,): value for name, value in ({"image": "a"} | values).items()},
        record=("customizations", "jupyter_devbox", "written"),
    )


def tree(*files):
    return RenderedTree(files=files or (docker(), config()))


def listing(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


# --- the whole of it -----------------------------------------------------------------


def test_comparing_writes_nothing_and_writing_is_done_once(tmp_path):
    changes = compare(tmp_path, tree())
    assert listing(tmp_path) == []
    assert [c.path for c in changes.changes] == [
        ".devcontainer/Dockerfile",
        ".devcontainer/devcontainer.json",
    ]
    assert write(tmp_path, changes) == tuple(c.path for c in changes.changes)
    assert listing(tmp_path) == [".devcontainer/Dockerfile", ".devcontainer/devcontainer.json"]
    again = compare(tmp_path, tree())
    assert (again.changes, again.conflicts) == ((), ())


def test_a_diff_says_what_would_change(tmp_path):
    write(tmp_path, compare(tmp_path, tree()))
    (change,) = compare(tmp_path, tree(docker("FROM b\n"), config())).changes
    lines = change.diff()
    assert lines[:2] == ("--- a/.devcontainer/Dockerfile", "+++ b/.devcontainer/Dockerfile")
    assert "-FROM a" in lines
    assert "+FROM b" in lines


def test_a_file_in_conflict_is_kept_beside_the_new_one(tmp_path):
    folder = tmp_path / ".devcontainer"
    folder.mkdir()
    for number, name in enumerate(["Dockerfile.yours", "Dockerfile.yours-2"]):
        (folder / "Dockerfile").write_text(f"FROM mine{number}\n")
        changes = compare(tmp_path, tree(docker()))
        with pytest.raises(ConflictError, match="Nothing was changed") as caught:
            refuse_conflicts(changes, hint="--diff")
        assert any(f"- FROM mine{number}" in line for line in caught.value.details)
        assert (folder / "Dockerfile").read_text() == f"FROM mine{number}\n"
        write(tmp_path, changes)
        assert (folder / name).read_text() == f"FROM mine{number}\n"
        assert "FROM a" in (folder / "Dockerfile").read_text()


def test_a_conflict_s_message_says_whose_line_it_is(tmp_path):
    write(tmp_path, compare(tmp_path, tree(docker("FROM a\nRUN b\n"))))
    path = tmp_path / ".devcontainer" / "Dockerfile"
    path.write_text(path.read_text().replace("RUN b", "RUN mine"))
    with pytest.raises(ConflictError) as caught:
        refuse_conflicts(compare(tmp_path, tree(docker("FROM a\nRUN c\n"))), hint="next")
    assert caught.value.message.startswith(".devcontainer/Dockerfile: your line ")
    assert caught.value.details == (
        "  - RUN mine      (yours)",
        "  + RUN c      (the plan)",
    )


def test_a_configuration_that_would_break_its_format_is_never_written(tmp_path):
    folder = tmp_path / ".devcontainer"
    folder.mkdir()
    (folder / "devcontainer.json").write_text('{"image": "a", "forwardPorts": ["x"]}')
    with pytest.raises(ConfigurationError, match="/forwardPorts/0"):
        compare(tmp_path, tree(config(name="n")))
    assert (folder / "devcontainer.json").read_text() == '{"image": "a", "forwardPorts": ["x"]}'


def test_older_wheels_of_ours_go_and_the_user_s_stay(tmp_path):
    def wheel(name):
        return BinaryFile(path=f".devcontainer/wheels/{name}-py3-none-any.whl", content=b"new")

    write(tmp_path, compare(tmp_path, tree(wheel("mine-1.0"), wheel("mine_too-1.0"))))
    wheels = tmp_path / ".devcontainer" / "wheels"
    (wheels / "theirs-1.0-py3-none-any.whl").write_bytes(b"x")
    changes = compare(tmp_path, tree(wheel("mine-2.0"), wheel("mine_too-1.0")))
    assert changes.changes[-1].diff() == (
        ".devcontainer/wheels/mine-1.0-py3-none-any.whl: removed, 3 bytes, sha256 11507a0e2f5e69d5",
    )
    assert write(tmp_path, changes) == (".devcontainer/wheels/mine-2.0-py3-none-any.whl",)
    assert sorted(p.name.split("-py3")[0] for p in wheels.iterdir()) == [
        "mine-2.0", "mine_too-1.0", "theirs-1.0",
    ]  # fmt: skip


# --- links ---------------------------------------------------------------------------


@pytest.fixture
def outside(tmp_path):
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "Dockerfile").write_text("precious")
    return folder


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def test_a_folder_that_is_a_link_out_of_the_project_is_refused(project, outside):
    (project / ".devcontainer").symlink_to(outside)
    with pytest.raises(FileError, match="link leads out"):
        compare(project, tree())
    with pytest.raises(FileError, match="link leads out"):
        write(
            project,
            Changes(changes=(Change(path=".devcontainer/x", old=None, new=b""),), conflicts=()),
        )
    assert listing(outside) == ["Dockerfile"]


@pytest.mark.parametrize("target", ["../../outside/Dockerfile", "Dockerfile", "/dev/null", "gone"])
def test_a_file_that_is_a_link_is_refused(project, outside, target):
    (project / ".devcontainer").mkdir()
    (project / ".devcontainer" / "Dockerfile").symlink_to(target)
    with pytest.raises(FileError, match="link") as caught:
        compare(project, tree())
    assert caught.value.hint
    assert (outside / "Dockerfile").read_text() == "precious"


def test_a_path_that_leads_up_is_refused(project, outside):
    with pytest.raises(FileError):
        confined(project, "../outside/Dockerfile")
    with pytest.raises(FileError):
        confined(project, "a/../../outside/Dockerfile")


def test_a_link_inside_the_project_is_the_user_s_choice(project):
    (project / "real").mkdir()
    (project / ".devcontainer").symlink_to("real")
    write(project, compare(project, tree()))
    assert listing(project / "real") == ["Dockerfile", "devcontainer.json"]


def test_a_link_in_place_of_the_temporary_file_is_not_followed(project, outside, monkeypatch):
    """The name is random; were it guessed, a link there would still not be opened."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "0000")
    (project / ".x.0000").symlink_to(outside / "Dockerfile")
    with pytest.raises(FileExistsError):
        atomic_write(project / "x", b"evil")
    assert (outside / "Dockerfile").read_text() == "precious"


# --- atomic --------------------------------------------------------------------------


def test_the_mode_is_kept_and_a_new_file_gets_the_usual_one(tmp_path):
    path = tmp_path / "x"
    before = os.umask(0o027)
    try:
        atomic_write(path, b"1")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o755)
        atomic_write(path, b"2")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert listing(tmp_path) == ["x"]


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    change = Change(path="x", old=b"old", new=b"new")
    with pytest.raises(FileError, match="disk is full") as caught:
        write(tmp_path, Changes(changes=(change,), conflicts=()))
    assert caught.value.hint == "jupyter devbox prune"
    assert listing(tmp_path) == ["x"]
    assert path.read_bytes() == b"old"


def test_kill_9_at_any_moment_leaves_the_old_or_the_new_file(tmp_path):
    path = tmp_path / "x"
    sizes = (3_000_000, 3_000_001)
    path.write_bytes(b"a" * sizes[0])
    program = textwrap.dedent(
        """
        import itertools, sys
        from pathlib import Path
        from jupyter_devbox.files.writer import atomic_write
        print("ready", flush=True)
        for n in itertools.count():
            atomic_write(Path(sys.argv[1]), bytes([97 + n % 2]) * (3_000_000 + n % 2))
        """
    )
    for delay in (0.0, 0.003, 0.007, 0.011, 0.017, 0.023):
        with subprocess.Popen(
            [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.02 + delay)
            process.send_signal(signal.SIGKILL)
        content = path.read_bytes()
        assert len(content) in sizes
        assert content == content[:1] * len(content)


# --- a folder that cannot be written ---------------------------------------------------

AS_NOBODY = """
import os, sys
from pathlib import Path
from jupyter_devbox.errors import DevboxError
from jupyter_devbox.files.writer import Change, Changes, write
if os.getuid() == 0:
    os.setgroups([])
    os.setgid({nobody})
    os.setuid({nobody})
changes = Changes(changes=(Change(path="a/x", old=None, new=b"1"),
                           Change(path=sys.argv[2], old=None, new=b"1")), conflicts=())
try:
    write(Path(sys.argv[1]), changes)
except DevboxError as error:
    print(type(error).__name__, error.message, error.hint, sep="|")
"""


@pytest.fixture
def public(tmp_path_factory):
    """A folder that another user can reach: pytest's own is closed to others."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="devbox-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _as_nobody(project, path):
    code = AS_NOBODY.format(nobody=NOBODY)
    command = [sys.executable, "-c", code, str(project), path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().split("|")


def test_a_folder_of_somebody_else_s(public):
    public.chmod(0o555)
    kind, message, hint = _as_nobody(public, "a/y")
    assert kind == ReadOnlyError.__name__
    assert message.endswith(f"`{public}`")
    assert "--project" in hint


def test_nothing_is_written_when_one_of_the_folders_cannot_be(public):
    public.chmod(0o777)
    (public / "a").mkdir()
    (public / "a").chmod(0o777)
    (public / "b").mkdir()
    (public / "b").chmod(0o555)
    kind, message, _ = _as_nobody(public, "b/y")
    assert kind == ReadOnlyError.__name__
    assert message.endswith("b`")
    assert listing(public) == []


def test_a_file_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    write(tmp_path, compare(tmp_path, tree()))

    def refuse(self, name):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Folder, "read", refuse)
    with pytest.raises(ReadOnlyError, match="cannot be read"):
        compare(tmp_path, tree())


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / ".devcontainer").write_text("mine")
    with pytest.raises(FileError):
        write(tmp_path, compare(tmp_path, tree()))
    assert (tmp_path / ".devcontainer").read_text() == "mine"


def test_requirements_in_survives_bytes_that_are_no_text(tmp_path):
    folder = tmp_path / ".devcontainer"
    folder.mkdir()
    (folder / "requirements.in").write_bytes(b"# caf\xe9\n")
    lines = LinesFile(path=".devcontainer/requirements.in", heading="# head\n", lines=("a",))
    write(tmp_path, compare(tmp_path, tree(lines)))
    assert (folder / "requirements.in").read_bytes() == b"# head\na\n\n# caf\xe9\n"
