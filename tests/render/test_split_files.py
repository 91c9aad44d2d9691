"""The files of a split project: one Dockerfile, a configuration and a lock a group."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace

import json5
import pytest
from makers import apt, direct, lock, locked, spec
from official_schema import official_schema
from test_goldens import HERE, program
from test_twin import stages

from jupyter_devbox.files.configuration import check_configuration
from jupyter_devbox.files.merge import is_ours_alone, merge
from jupyter_devbox.lock import share
from jupyter_devbox.render import Member, render_split
from jupyter_devbox.spec.environment import Accelerator
from jupyter_devbox.spec.groups import Group
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.reach import reach

GROUPS = (
    Group(name="train", notebooks=("a.ipynb",)),
    Group(name="plots", notebooks=("b.ipynb", "c.ipynb")),
)


def member(group, *packages, twin=None, **more):
    environment = spec(*(direct(p.name) for p in packages), group=group.name,
                       notebooks=group.notebooks, **more)  # fmt: skip
    return Member(spec=environment, lock=lock(*packages), twin=twin)


def files(train_apt=(), accelerator=None, **more):
    twins = [None, None]
    if accelerator:
        for number, group in enumerate(GROUPS):
            cuda = replace(
                spec(direct("torch"), group=group.name), target="cuda", accelerator=accelerator
            )
            twins[number] = (cuda, lock(locked("six==1"), locked("torch==2.13.0")))
    members = [
        member(GROUPS[0], locked("six==1"), locked("numpy==1.26"), twin=twins[0], apt=train_apt),
        member(GROUPS[1], locked("six==1"), locked("numpy==2.1"), twin=twins[1]),
    ]
    locks = iter(share([m.lock for m in members] + [t[1] for t in twins if t]))
    members = [replace(m, lock=next(locks)) for m in members]
    members = [replace(m, twin=(m.twin[0], next(locks))) if m.twin else m for m in members]
    tree = render_split(members, GROUPS, ProjectOptions(), uv_version="0.8.0", **more)
    return tree, {
        file.path.removeprefix(".devcontainer/"): merge(file, None).content.decode(errors="replace")
        for file in tree.files
    }


@pytest.mark.usefixtures("pure")
def test_files_are_as_reviewed(golden):
    _, written = files()
    assert sorted(name for name in written if ".json" not in name) == [
        "Dockerfile", "requirements.common.txt", "requirements.plots.in",
        "requirements.plots.stable.txt", "requirements.plots.txt", "requirements.train.in",
        "requirements.train.stable.txt", "requirements.train.txt",
        "wheels/jupyter_devbox-0.1.0-py3-none-any.whl",
    ]  # fmt: skip
    assert written["Dockerfile"] == golden["Dockerfile"]
    texts = [f"==> {n} <==\n{t}" for n, t in sorted(written.items()) if "devcontainer.json" in n]
    assert "".join(texts) == golden["devcontainer.json"]
    texts = [f"==> {n} <==\n{t}" for n, t in sorted(written.items()) if n.startswith("req")]
    assert "".join(texts) == golden["requirements"]


CUDA = Accelerator(kind="cuda", version="12.6", driver_floor="525.60.13")
LIBRARIES = replace(CUDA, image="nvidia/cuda:12.6.3-base-ubuntu22.04")
CASES = [
    {}, {"train_apt": apt("ffmpeg")}, {"accelerator": CUDA},
    {"accelerator": LIBRARIES, "train_apt": apt("ffmpeg")},
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_stage_starts_from_one_that_is_there_and_has_a_name_of_its_own(case):
    _, written = files(**case)
    recipe = written["Dockerfile"]
    names = re.findall(r"^FROM \S+ AS (\S+)$", recipe, re.MULTILINE)
    assert len(names) == len(set(names))
    assert names[-1] == "final"
    chosen = re.compile(r"requirements\.(?:train|plots)(?:-cuda)?\.txt")
    locks = [name.removesuffix(".txt") for name in written if chosen.fullmatch(name)]
    assert len(locks) == (4 if "accelerator" in case else 2)
    for lock_name in locks:
        for start in stages(recipe).values():
            known = start.replace("${LOCK}", lock_name)
            assert known in {"${BASE}", LIBRARIES.image, *names}


def test_hadolint_has_nothing_to_say(tmp_path):
    hadolint = program("hadolint")
    paths = [tmp_path / f"{number}.Dockerfile" for number in range(len(CASES))]
    for path, case in zip(paths, CASES, strict=True):
        path.write_text(files(**case)[1]["Dockerfile"])
    # DL3006 asks for a tag: hadolint does not see that `base-${LOCK}` is a stage of this file.
    options = ["--no-color", "--config", str(HERE / "hadolint.yaml"), "--ignore", "DL3006"]
    done = subprocess.run(
        [hadolint, *options, *map(str, paths)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_configurations_are_valid_and_ask_for_nothing(shared):
    _, written = files(accelerator=CUDA)
    configurations = {n: t for n, t in written.items() if n.endswith("devcontainer.json")}
    assert len(configurations) == 5
    for name, text in configurations.items():
        value = json5.loads(text)
        check_configuration(value)
        assert [error.message for error in official_schema(shared).iter_errors(value)] == []
        assert reach(value, f".devcontainer/{name}") == ()


def test_what_we_wrote_is_known_as_ours_and_an_edit_is_not():
    _, written = files(accelerator=CUDA)
    removable = {n: t for n, t in written.items() if n != "Dockerfile" and not n.endswith(".whl")}
    for name, text in removable.items():
        assert is_ours_alone(name, text), name
        lines = text.splitlines(keepends=True)
        edited = "".join([*lines[:-1], "  // mine\n" if name.endswith("json") else "mine\n",
                          lines[-1]])  # fmt: skip
        assert not is_ours_alone(name, edited), name
    assert not is_ours_alone("train/devcontainer.json", "{")
    assert not is_ours_alone("train/devcontainer.json", '{"name": "x"}')


def test_files_of_groups_that_ended_and_of_the_one_environment_are_to_go():
    tree, _ = files(gone=["old"], own_lines=True)
    assert {".devcontainer/old/devcontainer.json", ".devcontainer/old-cuda/devcontainer.json",
            ".devcontainer/requirements.old.txt", ".devcontainer/requirements.txt",
            ".devcontainer/cuda/devcontainer.json"} <= {*tree.absent}  # fmt: skip
    assert not {*tree.absent} & {file.path for file in tree.files}
    assert ".devcontainer/requirements.in" not in tree.absent
