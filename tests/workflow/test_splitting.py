"""Notebooks with environments of their own: planned, written, united again; without an engine."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import nbformat
import pytest
from simple_index import Index

from jupyter_devbox.errors import (
    BinderError,
    EngineNotFoundError,
    PlanError,
    ProjectError,
    ResolutionError,
    RunError,
    UsageError,
)
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.spec.groups import Group, SplitWish
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.workflow.capturing import capture_saved
from jupyter_devbox.workflow.containerize import containerize, find_request_project
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.groups import group_names
from jupyter_devbox.workflow.made_of import files_digest
from jupyter_devbox.workflow.proposing import propose
from jupyter_devbox.workflow.requests import ContainerizeRequest, Planned
from jupyter_devbox.workflow.splitting import notebook_group
from jupyter_devbox.workflow.status import project_status
from jupyter_devbox.workflow.trusting import review

EACH = SplitWish()
OFF = SplitWish(off=True)


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    made = Index(tmp_path_factory.mktemp("index") / "uv-cache")
    for name in ("ipykernel", "pip", "six", "big", "jupyterlab", "jupyterhub", "notebook"):
        made.add(name, "1.0")
    for version in ("1.9", "2.3"):
        made.add("lib", version)
    made.add("old", "1.0", "lib<2")
    made.add("new", "1.0", "lib>=2")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in made.env.items():
            patch.setenv(name, value)
        yield made
    made.close()


def new_machine(folder):
    """A machine without an engine, with a project."""

    def none():
        message = "no Docker here"
        raise EngineNotFoundError(message)

    for name in ("home", "p/.git"):
        (folder / name).mkdir(parents=True)
    return Context(
        home=folder / "home", env=dict(os.environ), data=folder / "data",
        kernels=folder / "kernels", connect=none,
    )  # fmt: skip


def new_pair(project):
    """One notebook needs what the other cannot have."""
    return (
        notebook(project, "train.ipynb", "lib<2", "six"),
        notebook(project, "plots.ipynb", "lib>=2"),
    )


@pytest.fixture
def machine(tmp_path, index):
    return new_machine(tmp_path)


@pytest.fixture
def project(tmp_path, machine):
    return tmp_path / "p"


@pytest.fixture
def pair(project):
    return new_pair(project)


@pytest.fixture(scope="module")
def split(tmp_path_factory, index):
    """A machine and its project, split once for the tests that only look."""
    folder = tmp_path_factory.mktemp("split")
    machine = new_machine(folder)
    run(machine, new_pair(folder / "p"), split=EACH)
    return machine, folder / "p"


def notebook(project, name, *installs):
    lines = [f'%pip install "{text}"' for text in installs]
    cells = [nbformat.v4.new_code_cell(line) for line in lines]
    path = project / name
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def run(machine, notebooks, *, split=None, dry=False, **options):
    request = ContainerizeRequest(
        notebooks=tuple(notebooks), split=split, build=False, dry_run=dry,
        wishes=ProjectOptions(**options),
    )  # fmt: skip
    events = []
    result = containerize(machine, request, events.append)
    return result, next(event for event in events if isinstance(event, Planned))


def files(project):
    folder = project / ".devcontainer"
    found = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return {name: path.read_text(errors="replace") for name, path in sorted(found.items())}


def versions(project, group):
    return read_environment(project, "cpu", group).locked


def record(project):
    value = json.loads(read(project, "devcontainer.json").split("\n", 1)[1])
    return value["customizations"]["jupyter_devbox"]["groups"]


def read(project, name):
    return (project / ".devcontainer" / name).read_text()


def placed(machine, notebooks):
    return find_request_project(machine, ContainerizeRequest(notebooks=tuple(notebooks)))


def test_each_notebook_gets_the_versions_that_it_needs(split):
    _, project = split
    assert versions(project, "train")["lib"] == "1.9"
    assert versions(project, "plots")["lib"] == "2.3"
    assert "six" not in versions(project, "plots")
    assert record(project) == {"train": ["train.ipynb"], "plots": ["plots.ipynb"]}


def test_clients_are_offered_a_configuration_a_group_and_one_by_default(split):
    _, project = split
    names = [n for n in files(project) if n.endswith("devcontainer.json")]
    assert names == ["devcontainer.json", "plots/devcontainer.json", "train/devcontainer.json"]
    top, plots = (
        json.loads(read(project, name).split("\n", 1)[1])
        for name in ("devcontainer.json", "plots/devcontainer.json")
    )
    assert top["build"]["args"] == {"LOCK": "requirements.train"}
    assert plots["build"]["args"] == {"LOCK": "requirements.plots"}
    assert (plots["build"]["context"], plots["build"]["dockerfile"]) == ("..", "../Dockerfile")
    assert [top["name"], plots["name"]] == ["p \u00b7 CPU", "p/plots \u00b7 CPU"]


def test_what_all_have_is_installed_once_below_the_rest(split):
    _, project = split
    common = read(project, "requirements.common.txt")
    assert "ipykernel==1.0" in common
    assert "lib" not in common
    for group in ("train", "plots"):
        stable = read(project, f"requirements.{group}.stable.txt")
        assert "-r requirements.common.txt\n" in stable
        assert "ipykernel" not in stable
    recipe = read(project, "Dockerfile")
    layers = [recipe.index(name) for name in ("requirements.common.txt", "${LOCK}.stable.txt")]
    assert layers == sorted(layers)
    assert "ARG LOCK=requirements.train" in recipe


def test_again_changes_nothing_whichever_notebook_is_named(machine, project, pair):
    run(machine, pair, split=EACH)
    before = files(project)
    for named in ((pair[1],), (pair[0],), tuple(reversed(pair))):
        result, _ = run(machine, named)
        assert result.files == ()
    assert files(project) == before
    assert run(machine, pair, split=EACH)[0].files == ()


def test_what_we_wrote_needs_nobody_s_trust(split):
    machine, project = split
    found = review(machine, project)
    assert found.approved
    assert found.findings == ()


def test_one_environment_again_leaves_nothing_of_the_groups(machine, project, pair):
    run(machine, (notebook(project, "train.ipynb", "lib"), pair[1]))
    whole = files(project)
    run(machine, pair, split=EACH)
    assert "requirements.in" not in files(project)
    run(machine, pair, split=OFF)
    assert set(files(project)) == set(whole)
    assert not (project / ".devcontainer" / "train").exists()
    assert read(project, "Dockerfile") == whole["Dockerfile"]
    assert review(machine, project).approved


def test_what_the_user_wrote_into_a_group_s_file_stays(machine, project, pair):
    run(machine, pair, split=EACH)
    path = project / ".devcontainer" / "requirements.plots.in"
    path.write_text(path.read_text() + "\nbig==1.0\n")
    review_and_trust(machine, project)
    run(machine, pair)
    assert versions(project, "plots")["big"] == "1.0"
    result, _ = run(machine, pair, split=OFF)
    assert result.changes.kept == (".devcontainer/requirements.plots.in",)
    assert "big==1.0" in path.read_text()
    assert {"code": "kept_file", "message": result.changes.kept[0], "cell": None,
            "notebook": None} in result.to_json()["warnings"]  # fmt: skip


def review_and_trust(machine, project):
    from jupyter_devbox.workflow.trusting import approve

    approve(machine, review(machine, project), files=True, allow=())


def test_lines_of_the_user_s_for_all_are_for_every_group(machine, project, pair):
    (project / ".devcontainer").mkdir()
    (project / ".devcontainer" / "requirements.in").write_text("big==1.0\n")
    review_and_trust(machine, project)
    run(machine, pair, split=EACH)
    assert {versions(project, group)["big"] for group in ("train", "plots")} == {"1.0"}
    assert "big==1.0" in read(project, "requirements.in")
    assert "big" not in read(project, "requirements.plots.in")


def test_the_plan_says_what_splitting_saves(machine, project, pair):
    saved = run(machine, pair, split=EACH, dry=True)[1].savings
    assert files(project) == {}
    train, plots = saved.groups
    assert plots.fewer == 1  # six
    assert train.own == {"lib": ("2.3", "1.9")}
    assert train.unmet == ("lib<2",)
    assert plots.unmet == ()
    assert saved.together > 0
    assert 0 < saved.shared <= min(train.bytes, plots.bytes)
    together = run(machine, pair, dry=True)[1]
    assert together.savings is None
    (said,) = (
        d.reason for d in together.spec.decisions if d.choice == "lib>=2" and "had" in d.reason
    )
    assert said.endswith("train.ipynb had lib<2; --split gives each its own")


def test_where_one_environment_cannot_be_had_the_hint_is_to_split(machine, project):
    both = (notebook(project, "a.ipynb", "old"), notebook(project, "b.ipynb", "new"))
    with pytest.raises(ResolutionError) as caught:
        run(machine, both)
    assert "--split" in caught.value.hint
    _, planned = run(machine, both, split=EACH)
    assert planned.savings.together is None
    assert planned.savings.problem
    with pytest.raises(ResolutionError) as caught:
        run(machine, both[:1], split=OFF)
    assert versions(project, "b")["lib"] == "2.3"
    alone = notebook(project, "c.ipynb", "nowhere-to-be-had")
    with pytest.raises(ResolutionError) as caught:
        run(machine, (alone,))
    assert caught.value.message.startswith("c: ")


def test_groups_can_be_named(machine, project, pair, monkeypatch):
    third = notebook(project, "third.ipynb", "six")
    monkeypatch.chdir(project)
    wish = SplitWish(named=(Group(name="work", notebooks=("train.ipynb", "third.ipynb")),))
    run(machine, (pair[1],), split=wish)
    assert record(project) == {
        "plots": ["plots.ipynb"], "work": ["third.ipynb", "train.ipynb"],
    }  # fmt: skip
    place = placed(machine, pair)
    assert notebook_group(place, third) == "work"
    assert set(group_names(place)) == {"plots", "work"}


def test_a_notebook_that_is_new_gets_an_environment_of_its_own(machine, project, pair):
    run(machine, pair, split=EACH)
    before = files(project)
    more = notebook(project, "More plots.ipynb", "big")
    place = placed(machine, pair)
    with pytest.raises(RunError, match="in no group yet") as caught:
        notebook_group(place, more)
    assert "containerize" in caught.value.hint
    _, planned = run(machine, (more,))
    assert planned.spec.group == "more-plots"
    assert list(record(project)) == ["train", "plots", "more-plots"]
    after = files(project)
    assert after["requirements.plots.txt"] == before["requirements.plots.txt"]


def test_a_group_ends_with_its_last_notebook(machine, project, pair):
    run(machine, pair, split=EACH)
    pair[0].unlink()
    run(machine, (pair[1],))
    assert record(project) == {"plots": ["plots.ipynb"]}
    assert not [name for name in files(project) if "train" in name]
    assert "requirements.train" not in read(project, "Dockerfile")


def test_a_notebook_is_named_in_one_group(machine, project, pair, monkeypatch):
    monkeypatch.chdir(project)
    named = tuple(Group(name=name, notebooks=("train.ipynb",)) for name in ("a", "b"))
    with pytest.raises(UsageError, match=r"train\.ipynb"):
        run(machine, pair, split=SplitWish(named=named))
    assert files(project) == {}


def test_a_notebook_outside_the_project_is_in_no_group(machine, project, pair, tmp_path):
    other = notebook(tmp_path, "other.ipynb")
    wish = SplitWish(named=(Group(name="x", notebooks=(str(other),)),))
    with pytest.raises(ProjectError):
        run(machine, pair, split=wish)


def test_a_record_that_names_files_elsewhere_has_none_read(machine, project, pair, tmp_path):
    run(machine, pair, split=EACH)
    notebook(tmp_path, "secret.ipynb", "big")
    config = project / ".devcontainer" / "devcontainer.json"
    hostile = r'"train.ipynb", "../secret.ipynb", "\\u0000"'
    text = re.sub(r'(?<="train": \[)[^\]]*', hostile, config.read_text())
    config.write_text(text)
    assert record(project)["train"][1] == "../secret.ipynb"
    review_and_trust(machine, project)
    result, _ = run(machine, pair, dry=True)
    assert {s.notebook for s in result.snapshots} == {"train.ipynb", "plots.ipynb"}


def test_services_and_groups_do_not_go_together_yet(machine, project, pair):
    with pytest.raises(PlanError, match="postgres"):
        run(machine, pair, split=EACH, services=("postgres",))


def test_binder_has_one_environment_for_all(machine, project, pair):
    with pytest.raises(BinderError, match="lib<2"):
        run(machine, pair, split=EACH, binder="dockerfile")
    notebook(project, "train.ipynb", "lib", "six")
    run(machine, pair, split=EACH, binder="dockerfile")
    assert "six==1.0" in (project / "binder" / "requirements.txt").read_text()
    assert "lib==2.3" in (project / "binder" / "requirements.txt").read_text()


def test_an_image_is_stale_by_its_own_group_s_lock_alone(machine, project, pair):
    run(machine, pair, split=EACH)
    folder = project / ".devcontainer"
    before = {name: files_digest(folder, "cpu", name) for name in ("train", "plots")}
    assert before["train"] != before["plots"]
    lock = folder / "requirements.plots.txt"
    lock.write_text(lock.read_text() + "# more\n")
    assert files_digest(folder, "cpu", "train") == before["train"]
    assert files_digest(folder, "cpu", "plots") != before["plots"]


def test_status_holds_each_notebook_against_its_own_environment(machine, project, pair):
    run(machine, pair, split=EACH)
    notebook(project, "plots.ipynb", "lib>=2", "big")
    told = project_status(machine, placed(machine, pair)).to_json()
    assert [(n["path"], n["group"], n["missing"]) for n in told["notebooks"]] == [
        ("train.ipynb", "train", []), ("plots.ipynb", "plots", ["big"]),
    ]  # fmt: skip


def test_a_proposal_is_that_of_the_notebook_s_group(machine, project, pair):
    run(machine, pair, split=EACH)
    found = propose(machine, ContainerizeRequest(notebooks=(pair[1],), dry_run=True))
    assert [e.spec.group for e in found.environments] == ["plots"]
    assert [e.spec.group for e in found.plan.environments] == ["train", "plots"]
    assert found.changes.changes == ()
    again = propose(machine, ContainerizeRequest(notebooks=(pair[1],), split=EACH, dry_run=True))
    assert [e.spec.group for e in again.environments] == ["plots", "train"]


def test_a_debian_package_of_one_group_comes_after_what_all_share(machine, project, pair):
    cells = [nbformat.v4.new_code_cell(c) for c in ("!apt-get install ffmpeg", "%pip install lib")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), pair[0])
    run(machine, pair, split=EACH)
    recipe = read(project, "Dockerfile")
    places = [
        recipe.index(text)
        for text in ("requirements.common.txt", "AS base-requirements.train", "ffmpeg",
                     "AS base-requirements.plots", "FROM base-${LOCK} AS final", "${LOCK}.stable")
    ]  # fmt: skip
    assert places == sorted(places)
    assert recipe.count("ffmpeg") == 1
    value = json.loads(read(project, "devcontainer.json").split("\n", 1)[1])
    apt = value["customizations"]["jupyter_devbox"]["apt"]
    assert apt["ffmpeg"]["notebooks"] == ["train.ipynb"]
    assert run(machine, (pair[1],))[0].files == ()


def test_a_memory_limit_goes_with_the_notebooks(machine, project, pair):
    notebook(project, "train.ipynb", "lib")
    run(machine, pair, memory="3g", cpus="1.5")
    run(machine, pair, split=EACH)
    for group in ("train", "plots"):
        found = read_environment(project, "cpu", group)
        assert found.run_args == ["--memory=3g", "--cpus=1.5"]


def test_each_kernel_s_facts_are_its_own_notebook_s(machine, project, pair):
    place = placed(machine, pair)
    live = capture_saved(machine, pair[1], place)
    request = ContainerizeRequest(
        notebooks=(pair[1],), snapshot=live, split=EACH, build=False, dry_run=False
    )
    containerize(machine, request, lambda _: None)
    assert record(project) == {"plots": ["plots.ipynb"]}
    with pytest.raises(PlanError, match="no file"):
        containerize(
            machine,
            ContainerizeRequest(snapshot=live, split=EACH, build=False, project=Path(project)),
            lambda _: None,
        )
