"""Two notebooks that need what cannot be together: an environment each, layers shared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import nbformat
import pytest
from clients import SHORT, Client, cleaned
from machine import Done, Machine, printed, write_notebook

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

CELL = "import socket, six\nprint(six.__version__, socket.gethostname())"
OLD = ('%pip install --quiet "six<1.17"', CELL)
NEW = ('%pip install --quiet "six>=1.17" "tomli-w"', CELL)
GROUPS = ("old", "new")


@pytest.fixture(scope="module")
def project(machine: Machine, engine: Engine) -> Iterator[Path]:
    """A project that was one environment, and is split now; the only build of this module."""
    folder = machine.project("split lab")
    write_notebook(folder / "old.ipynb", *OLD)
    write_notebook(folder / "new.ipynb", *NEW)
    with cleaned(engine, folder):
        yield folder


@pytest.fixture(scope="module")
def done(machine: Machine, project: Path) -> Done:
    return machine.must("containerize", "old.ipynb", "new.ipynb", "--split", "--json", cwd=project)


@pytest.fixture(params=["devcontainer", "second_client"])
def client(request: pytest.FixtureRequest, machine: Machine, make_client) -> Client:
    return make_client(machine, request.param)


def config(group: str) -> str:
    return f".devcontainer/{group}/devcontainer.json"


def said(machine: Machine, project: Path, name: str) -> list[str]:
    """Run a notebook, and return the version that it has and the container that it is in."""
    machine.must("run", f"{name}.ipynb", "--output", f"{name}.out.ipynb", cwd=project)
    document = nbformat.read(project / f"{name}.out.ipynb", as_version=4)
    return printed(document.cells[1]).split()


def test_the_plan_says_what_it_saves_and_writes_nothing(machine: Machine, engine: Engine):
    project = machine.project("plan alone")
    write_notebook(project / "old.ipynb", *OLD)
    write_notebook(project / "new.ipynb", *NEW)
    words = ("plan", "old.ipynb", "new.ipynb", "--split")
    text = machine.must(*words, cwd=project).out
    assert "Split: old " in text
    assert "of layers shared" in text
    assert "In one environment old would lack six<1.17." in text
    saved = machine.must(*words, "--json", cwd=project).json["savings"]
    assert [group["group"] for group in saved["groups"]] == ["old", "new"]
    assert saved["shared"] > 0
    assert not (project / ".devcontainer").exists()


def test_each_has_its_image_upon_layers_that_the_disk_has_once(
    done: Done, engine: Engine, machine: Machine, project: Path
):
    kernels = {kernel["group"]: kernel for kernel in done.json["kernels"]}
    assert tuple(kernels) == GROUPS
    old, new = (engine.image(kernels[group]["image"]) for group in GROUPS)
    assert old is not None
    assert new is not None
    assert old.id != new.id
    base = engine.image(_base(project))
    assert base is not None
    pairs = zip(old.layers, new.layers, strict=True)
    same = [one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]
    # Upon the base: the user, and the packages that both have.
    assert len(same) == len(base.layers) + 2
    shared = (project / ".devcontainer" / "requirements.common.txt").read_text()
    assert "ipykernel==" in shared
    assert "\nsix" not in shared
    listed = machine.must("kernel", "list", cwd=project).out
    for group in GROUPS:
        assert f"split lab/{group} · CPU" in listed


def _base(project: Path) -> str:
    text = (project / ".devcontainer" / "Dockerfile").read_text()
    return next(line.split("=", 1)[1] for line in text.splitlines() if line.startswith("ARG BASE"))


@pytest.mark.usefixtures("done")
def test_each_runs_in_its_own_box_with_its_own_versions(machine: Machine, project: Path):
    (old, here), (new, there) = (said(machine, project, group) for group in GROUPS)
    assert (old, new) == ("1.16.0", "1.17.0")
    assert here != there
    status = machine.must("status", "--json", cwd=project).json
    boxes = {box["group"]: box["id"] for box in status["boxes"] if not box["stale"]}
    assert {group: boxes[group][:SHORT] for group in GROUPS} == {"old": here, "new": there}
    assert [n["group"] for n in status["notebooks"]] == ["old", "new"]
    assert status["drift"] is False
    assert said(machine, project, "old") == [old, here]
    kept = machine.must("prune", "--json", cwd=project).json["kept"]
    assert {*boxes.values()} <= {thing["id"] for thing in kept}


@pytest.mark.usefixtures("done")
def test_again_nothing_is_written_or_built(machine: Machine, project: Path):
    for names in (("new.ipynb",), ("old.ipynb", "new.ipynb")):
        text = machine.must("containerize", *names, cwd=project).out
        assert "Nothing was written or built" in text
    assert "is up to date" in machine.must("build", cwd=project).out


@pytest.mark.usefixtures("done")
def test_clients_read_build_and_join_the_group_that_is_chosen(
    machine: Machine, project: Path, client: Client, engine: Engine
):
    for group in GROUPS:
        words = ("read-configuration", "--config", project / config(group))
        found = client.must(*words, workspace=project).json["configuration"]
        assert found["build"]["args"] == {"LOCK": f"requirements.{group}"}
    by_default = client.must("read-configuration", workspace=project).json["configuration"]
    assert by_default["build"]["args"] == {"LOCK": "requirements.old"}
    _, box = said(machine, project, "new")
    assert client.up(project, "--config", str(project / config("new"))) == box
    name = f"devbox-split-{project.parent.parent.name.lower()}"
    words = ("build", "--config", project / config("new"), "--image-name", name)
    try:
        client.must(*words, workspace=project)
        ours = engine.image(engine.container(box).image)  # type: ignore[union-attr]
        theirs = engine.image(name)
        assert theirs is not None
        assert ours is not None
        assert theirs.layers[: len(ours.layers)] == ours.layers
    finally:
        engine.remove_image(name)


@pytest.mark.usefixtures("done")
def test_every_group_is_proven(machine: Machine, project: Path):
    proof = machine.must("verify", "--json", cwd=project).json
    assert proof["ok"] is True
    assert [n["path"] for n in proof["notebooks"]] == ["old.ipynb", "new.ipynb"]


@pytest.mark.usefixtures("done")
def test_without_an_engine_each_has_a_virtual_environment(machine: Machine, project: Path):
    told = machine.must("containerize", "--target", "venv", "--json", cwd=project).json
    assert [kernel["group"] for kernel in told["kernels"]] == [*GROUPS]
    words = ("run", "old.ipynb", "--target", "venv", "--output", "venv.out.ipynb")
    machine.must(*words, cwd=project)
    document = nbformat.read(project / "venv.out.ipynb", as_version=4)
    assert printed(document.cells[1]).startswith("1.16.0 ")


@pytest.mark.usefixtures("done")
def test_a_changed_group_waits_for_trust_and_the_other_goes_on(machine: Machine, project: Path):
    path = project / config("old")
    before = path.read_text()
    path.write_text(before.replace('"init": true', '"init": true, "privileged": true'))
    try:
        refused = machine.devbox("run", "old.ipynb", cwd=project)
        assert "changed since you approved" in refused.err
        assert config("old") in refused.err
        assert said(machine, project, "new")[0] == "1.17.0"
    finally:
        path.write_text(before)


@pytest.mark.usefixtures("done")
def test_one_environment_again_has_no_file_of_the_groups(machine: Machine, project: Path):
    words = ("containerize", "--split=off", "--json")
    told = machine.must(*words, "--dry-run", cwd=project).json
    removed = [line for line in told["diff"] if line == "+++ b/.devcontainer/old/devcontainer.json"]
    assert removed
    machine.must(*words, "--no-build", cwd=project)
    names = {path.name for path in (project / ".devcontainer").iterdir()}
    assert names == {
        "Dockerfile", "devcontainer.json", "requirements.in", "requirements.stable.txt",
        "requirements.txt", "wheels",
    }  # fmt: skip
    value = json.loads((project / ".devcontainer/devcontainer.json").read_text().split("\n", 1)[1])
    assert "groups" not in value["customizations"]["jupyter_devbox"]
