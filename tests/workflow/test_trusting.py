"""Nothing of a project is built or started before the user approved it."""

from __future__ import annotations

import shutil
import time

import pytest

from jupyter_devbox.errors import FileError, UntrustedProjectError, UsageError
from jupyter_devbox.files import build_files
from jupyter_devbox.files.writer import Change, Changes, write
from jupyter_devbox.workflow import trusting
from jupyter_devbox.workflow.trusting import (
    approve,
    approved_context,
    granted_rights,
    record_written,
    require_configuration,
    require_files,
    review,
)

CONFIG = ".devcontainer/devcontainer.json"
RECIPE = ".devcontainer/Dockerfile"


@pytest.fixture
def root(tmp_path):
    """A clone that nobody has looked at."""
    folder = tmp_path / "lab"
    (folder / ".devcontainer").mkdir(parents=True)
    (folder / CONFIG).write_text('{"mounts": ["type=bind,source=/srv,target=/data"]}')
    (folder / RECIPE).write_text("FROM x\nRUN a\n")
    return folder


def trust(context, root, *allow, files=True):
    approve(context, review(context, root), files=files, allow=allow)


def ids(context, root):
    found = review(context, root)
    return {f.place: found.short(f) for f, _ in found.findings}


def states(context, root):
    return {file.path: file.state for file in review(context, root).files}


def test_a_clone_stops_until_its_files_are_approved(context, root):
    for gate in (require_files, require_configuration):
        with pytest.raises(UntrustedProjectError, match="not approved on this machine") as caught:
            gate(context, root)
        assert caught.value.hint == f"jupyter devbox trust --project {root}"
        assert any("source=/srv" in line for line in caught.value.details)
    with pytest.raises(UntrustedProjectError), approved_context(context, root):
        pass
    trust(context, root)
    require_files(context, root)
    with approved_context(context, root) as folder:
        assert (folder / "Dockerfile").read_text() == "FROM x\nRUN a\n"
    assert not folder.exists()


def test_a_change_is_shown_as_a_diff(context, root):
    trust(context, root)
    (root / RECIPE).write_text("FROM x\nRUN \x1b[2Jb\n")
    with pytest.raises(UntrustedProjectError, match="changed since you approved") as caught:
        require_files(context, root)
    assert caught.value.message.endswith(f"`{RECIPE}`")
    assert caught.value.details[2:] == (
        "@@ -1,2 +1,2 @@", " FROM x", "-RUN a", r"+RUN \x1b[2Jb",
    )  # fmt: skip
    # A kernel's start reads devcontainer.json alone: its image was approved when it was built.
    assert [f.place for f in require_configuration(context, root)] == ["/mounts/0"]
    (root / RECIPE).write_text("FROM x\nRUN a\n")
    require_files(context, root)


def test_a_long_diff_is_cut_and_says_so(context, root):
    (root / RECIPE).write_text("RUN x\n" * 5000)
    with pytest.raises(UntrustedProjectError) as caught:
        require_files(context, root)
    assert len(caught.value.details) < 70
    assert "lines more" in caught.value.details[-1]


def test_a_file_that_is_new_in_the_context_counts(context, root):
    trust(context, root)
    (root / ".devcontainer" / "setup.sh").write_text("id")
    assert states(context, root)[".devcontainer/setup.sh"] == "new"
    with pytest.raises(UntrustedProjectError):
        require_files(context, root)


def test_what_is_approved_is_what_was_shown(context, root):
    shown = review(context, root)
    (root / RECIPE).write_text("FROM evil\n")
    approve(context, shown, files=True, allow=())
    with pytest.raises(UntrustedProjectError):
        require_files(context, root)


def test_what_is_built_is_what_was_looked_at(context, root, monkeypatch):
    """A box may write the project's files at any moment."""
    trust(context, root)
    copy = build_files.copy_context

    def racing(project, destination):
        (root / RECIPE).write_text("FROM evil\n")
        return copy(project, destination)

    monkeypatch.setattr(trusting, "copy_context", racing)
    with pytest.raises(UntrustedProjectError, match="changed"), approved_context(context, root):
        pass


def test_approval_belongs_to_the_folder(context, root, tmp_path):
    trust(context, root)
    shutil.copytree(root, tmp_path / "copy")
    with pytest.raises(UntrustedProjectError):
        require_files(context, tmp_path / "copy")
    (tmp_path / "way").symlink_to(root)
    require_files(context, tmp_path / "way")


# --- what we write ------------------------------------------------------------------------


def written(context, root, **contents):
    names = {"recipe": RECIPE, "config": CONFIG}
    changes = []
    for name, new in contents.items():
        path = root / names[name]
        old = path.read_bytes() if path.exists() else None
        changes.append(Change(path=names[name], old=old, new=new.encode()))
    everything = Changes(changes=tuple(changes), conflicts=())
    write(root, everything)
    record_written(context, root, everything)


def test_what_we_wrote_where_nothing_was_is_approved(context, tmp_path):
    written(context, tmp_path, recipe="FROM x\n", config="{}")
    require_files(context, tmp_path)
    written(context, tmp_path, recipe="FROM y\n")
    require_files(context, tmp_path)


def test_merging_into_a_hostile_file_does_not_approve_it(context, root):
    written(context, root, recipe="FROM x\nRUN a\n# ours\n")
    assert states(context, root) == {RECIPE: "new", CONFIG: "new"}
    trust(context, root)
    (root / RECIPE).write_text("FROM x\nRUN evil\n")
    written(context, root, recipe="FROM x\nRUN evil\n# ours\n", config="{}")
    assert states(context, root) == {RECIPE: "changed", CONFIG: "approved"}


def test_the_copy_that_we_keep_is_as_approved_as_the_file_was(context, root):
    trust(context, root)
    old = (root / RECIPE).read_bytes()
    beside = root / f"{RECIPE}.yours"
    beside.write_bytes(old)
    written(context, root, recipe="FROM y\n")
    assert states(context, root)[f"{RECIPE}.yours"] == "approved"
    beside.write_bytes(b"FROM evil\n")
    written(context, root, recipe="FROM z\n")
    assert states(context, root)[f"{RECIPE}.yours"] == "changed"


# --- what is asked for --------------------------------------------------------------------


def rights(context, root, **host):
    return granted_rights(context, root, host)


def test_a_grant_is_needed_one_by_one_and_can_be_withdrawn(context, root):
    (root / CONFIG).write_text('{"capAdd": ["SYS_PTRACE"], "privileged": true}')
    trust(context, root)
    given, without = rights(context, root)
    assert (given.rights.privileged, given.rights.capabilities) == (False, ())
    assert [line.partition(" is ")[0] for line in without] == ["/capAdd/0", "/privileged"]
    trust(context, root, ids(context, root)["/capAdd/0"], files=False)
    given, without = rights(context, root)
    assert (given.rights.privileged, given.rights.capabilities) == (False, ("SYS_PTRACE",))
    assert [line.partition(" is ")[0] for line in without] == ["/privileged"]
    assert context.approvals.forget(str(root))
    with pytest.raises(UntrustedProjectError):
        rights(context, root)


def test_a_grant_does_not_outlive_its_finding(context, root):
    trust(context, root, ids(context, root)["/mounts/0"])
    assert rights(context, root)[0].mounts
    asked = (root / CONFIG).read_text()
    (root / CONFIG).write_text("{}")
    trust(context, root)
    (root / CONFIG).write_text(asked)
    trust(context, root)
    assert rights(context, root)[0].mounts == ()


@pytest.mark.parametrize("text", ["", "0", "zzzzzz", "000000"])
def test_an_id_that_names_nothing(context, root, text):
    with pytest.raises(UsageError):
        trust(context, root, text)
    assert states(context, root)[RECIPE] == "new"


def test_a_mount_that_a_link_in_the_project_leads_out_is_left_out(context, root):
    (root / CONFIG).write_text(
        '{"mounts": ["type=bind,source=${localWorkspaceFolder}/data,target=/data"]}'
    )
    (root / "data").symlink_to("/")
    trust(context, root, ids(context, root)["/mounts/0"])
    given, (why,) = rights(context, root)
    assert given.mounts == ()
    assert "link" in why
    (root / "data").unlink()
    (root / "data").mkdir()
    assert rights(context, root)[0].mounts[0].source == str(root / "data")


def test_a_build_waits_for_an_answer_about_its_image(context, root):
    (root / CONFIG).write_text('{"features": {"x": {}}, "privileged": true}')
    trust(context, root)
    expected = pytest.raises(UntrustedProjectError, match="/features")
    with expected as caught, approved_context(context, root):
        pass
    short = ids(context, root)["/features"]
    assert caught.value.hint.endswith(f"--allow {short}")
    trust(context, root, short)
    with approved_context(context, root):
        assert review(context, root).approved


def test_what_other_clients_would_read_is_named_and_holds_nothing_up(context, root):
    (root / CONFIG).write_text("{}")
    (root / ".devcontainer.json").write_text('{"dockerComposeFile": "c.yml", "privileged": true}')
    (root / "c.yml").write_text("services: {a: {privileged: true}}")
    assert states(context, root)["c.yml"] == "new"
    trust(context, root)
    with approved_context(context, root):
        found = review(context, root)
    assert {f.place for f, _ in found.findings} == {
        "/privileged", "c.yml#/services/a/privileged",
    }  # fmt: skip
    assert rights(context, root)[1] == ()


def test_a_link_among_the_files_stops_everything(context, root, tmp_path):
    (root / ".devcontainer" / "more").symlink_to(tmp_path)
    with pytest.raises(FileError):
        review(context, root)


def test_a_start_costs_little(context, root):
    """Some ms would be felt at each kernel; measured here: well below one."""
    trust(context, root)
    rights(context, root)
    best = min(_seconds(lambda: rights(context, root)) for _ in range(20))
    assert best < 0.005


def _seconds(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def test_what_a_group_s_configuration_asks_for_counts_as_the_project_s_own(context, root):
    grouped = '{"customizations": {"jupyter_devbox": {"groups": {"train": ["a.ipynb"]}}}}'
    (root / CONFIG).write_text(grouped)
    for name in ("train", "other"):
        (root / ".devcontainer" / name).mkdir()
        text = '{"mounts": ["type=bind,source=/srv/%s,target=/data"], "features": {"%s": {}}}'
        (root / ".devcontainer" / name / "devcontainer.json").write_text(text % (name, name))
    trust(context, root)
    found = review(context, root)
    assert [f.file for f in found.blocking] == [".devcontainer/train/devcontainer.json"]
    assert [f.file for f in found.left_out] == [".devcontainer/train/devcontainer.json"]
    assert require_configuration(context, root) == ()
    asked = require_configuration(context, root, "cpu", "train")
    assert [f.place for f in asked] == ["/mounts/0", "/features"]


def test_a_change_of_one_group_s_configuration_stops_that_group_alone(context, root):
    (root / ".devcontainer" / "train").mkdir()
    file = root / ".devcontainer" / "train" / "devcontainer.json"
    file.write_text("{}")
    trust(context, root)
    file.write_text('{"name": "other"}')
    require_configuration(context, root)
    with pytest.raises(UntrustedProjectError, match="train"):
        require_configuration(context, root, "cpu", "train")
