"""A cloned repository builds and starts nothing before its user has approved it here."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from machine import Machine, printed, tree_digest, write_notebook

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.spec.box import LABEL_PROJECT

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

FOLDER = ".devcontainer"
SOCKET = "source=/var/run/docker.sock,target=/var/run/docker.sock,type=bind"


@pytest.fixture(scope="module")
def origin(machine: Machine) -> Path:
    """A project as its author published it; the author's machine is another one."""
    project = machine.project("origin")
    write_notebook(project / "n.ipynb", "1")
    machine.must("containerize", "n.ipynb", "--no-build", cwd=project)
    return project


@pytest.fixture
def clone(machine: Machine, origin: Path, request: pytest.FixtureRequest) -> Path:
    name = "clone-" + "".join(c if c.isalnum() else "-" for c in request.node.name)[-40:].lower()
    folder = machine.root / "projects" / name
    shutil.copytree(origin, folder)
    return folder


def configure(clone: Path, **keys: Any) -> None:
    """Add keys to devcontainer.json, as a text editor would."""
    path = clone / FOLDER / "devcontainer.json"
    text = path.read_text()
    for key, value in keys.items():
        assert f'"{key}":' not in text, key
        text = text.replace("{", f"{{\n  {json.dumps(key)}: {json.dumps(value)},", 1)
    path.write_text(text)


def replaced(name: str, old: str, new: str) -> Callable[[Path, Path], None]:
    def change(clone: Path, mark: Path) -> None:
        path = clone / FOLDER / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new.replace("MARK", str(mark)), 1))

    return change


def keys(**values: Any) -> Callable[[Path, Path], None]:
    def change(clone: Path, mark: Path) -> None:
        configure(clone, **json.loads(json.dumps(values).replace("MARK", str(mark))))

    return change


def composed(clone: Path, mark: Path) -> None:
    path = clone / FOLDER / "devcontainer.json"
    path.write_text('{"dockerComposeFile": "compose.yml", "service": "a"}')
    (clone / FOLDER / "compose.yml").write_text(
        "services: {a: {image: evil, privileged: true, volumes: ['/:/host'], network_mode: host}}"
    )


HOSTILE: dict[str, tuple[Callable[[Path, Path], None], str]] = {
    "privileged-argument": (keys(runArgs=["--privileged"]), "runArgs --privileged"),
    "volume-argument": (keys(runArgs=["-v", "/:/host"]), "runArgs --volume"),
    "network-argument": (keys(runArgs=["--network=host"]), "runArgs --network"),
    "mount": (replaced("devcontainer.json", '"mounts": [', f'"mounts": ["{SOCKET}", '),
              "/mounts/0"),
    "privileged": (keys(privileged=True), "/privileged"),
    "capability": (keys(capAdd=["SYS_ADMIN"]), "/capAdd/0"),
    "security": (keys(securityOpt=["seccomp=unconfined"]), "/securityOpt/0"),
    "feature": (keys(features={"./evil": {}}), "/features"),
    "build-option": (replaced("devcontainer.json", '"options": [',
                              '"options": ["--network=host", '), "/build/options/0"),
    "build-argument": (replaced("devcontainer.json", '"options": [',
                                '"args": {"K": "${localEnv:AWS_SECRET}"}, "options": ['),
                       "/build/args"),
    "variable": (replaced("devcontainer.json", '"containerEnv": {',
                          '"containerEnv": {"K": "${localEnv:AWS_SECRET}", '),
                 "/containerEnv/K"),
    "mounted-variable": (replaced("devcontainer.json", '"mounts": [', '"mounts": ["type=bind,'
                                  'source=${localEnv:HOME}/.ssh,target=/s", '), "/mounts/0"),
    "initialize": (keys(initializeCommand="touch MARK"), "/initializeCommand"),
    "after-create": (keys(postCreateCommand="touch MARK"), "/postCreateCommand"),
    "compose": (composed, f"{FOLDER}/compose.yml#/services/a/privileged"),
    "dockerfile": (replaced("Dockerfile", "FROM", "RUN id\nFROM"), ""),
    "lock": (replaced("requirements.txt", "jupyter-devbox", "evil-package"), ""),
    "stable-lock": (replaced("requirements.stable.txt", "ipykernel", "evil"), ""),
    "wheel": (lambda clone, mark: (clone / FOLDER / "wheels" / "e-1-py3-none-any.whl").touch(),
              ""),
    "copied": (lambda clone, mark: (clone / FOLDER / "setup.sh").write_text(f"touch {mark}"), ""),
}  # fmt: skip


def things(engine: Engine) -> tuple[set[str], set[str]]:
    """Return all containers and images, whoever made them for a clone."""
    containers = engine.containers({LABEL_PROJECT: ""})
    images = engine.images({LABEL_PROJECT: ""})
    return (
        {c.id for c in containers if "/clone-" in c.labels[LABEL_PROJECT]},
        {i.id for i in images if "/clone-" in i.labels[LABEL_PROJECT]},
    )


@pytest.mark.parametrize("hostile", sorted(HOSTILE))
def test_nothing_of_a_clone_is_built_or_started(
    machine: Machine, clone: Path, engine: Engine, hostile: str, tmp_path: Path
):
    change, place = HOSTILE[hostile]
    mark = tmp_path / "ran"
    change(clone, mark)
    machine.adopt()
    before, files = things(engine), tree_digest(clone)
    for words in (("containerize", "n.ipynb", "--yes"), ("build",), ("run", "n.ipynb")):
        done = machine.devbox(*words, "--json", cwd=clone)
        assert done.code == 44, done
        assert done.error["code"] == "untrusted_project"
        assert done.error["hint"].startswith("jupyter devbox trust")
    asked = machine.devbox("trust", "--json", cwd=clone)
    assert asked.code == 44
    assert not asked.json["approved"]
    found = {f["key"]: f for f in asked.json["findings"]}
    assert not place or found[place]["allowed"] is False
    assert things(engine) == before
    assert tree_digest(clone) == files
    assert not mark.exists()


def test_all_other_ways_are_closed_too(machine: Machine, clone: Path, engine: Engine):
    before = things(engine)
    machine.must("plan", "n.ipynb", "--json", cwd=clone)
    machine.must("status", "--json", cwd=clone)
    machine.adopt()
    files = tree_digest(clone)
    machine.must("containerize", "n.ipynb", "--dry-run", cwd=clone)
    machine.must("containerize", "n.ipynb", "--diff", cwd=clone)
    assert tree_digest(clone) == files
    for words in (
        ("containerize", "n.ipynb", "--no-build"),
        ("containerize", "n.ipynb", "--target", "venv"),
        ("verify",),
        ("verify", "--target", "venv"),
        ("kernel", "install"),
    ):
        assert machine.devbox(*words, cwd=clone).code == 44, words
    assert things(engine) == before


def test_answers_one_by_one(machine: Machine, clone: Path, engine: Engine, tmp_path: Path):
    data, mark = tmp_path / "data", tmp_path / "ran"
    data.mkdir()
    (data / "x").write_text("42")
    replaced("devcontainer.json", '"mounts": [', f'"mounts": ["type=bind,source={data},'
             'target=/data,readonly", ')(clone, mark)  # fmt: skip
    configure(
        clone, capAdd=["SYS_PTRACE"], initializeCommand=f"touch {mark}",
        features={"./evil": {}}, runArgs=["--add-host=named:9.8.7.6", "--network=host"],
    )  # fmt: skip
    asked = machine.devbox("trust", "--json", cwd=clone).json
    ids = {f["key"]: f["id"] for f in asked["findings"]}

    # The files alone are not enough: the image lacks what a feature would install.
    done = machine.devbox("trust", "--approve", "--json", cwd=clone)
    assert done.code == 44
    assert machine.devbox("build", "--json", cwd=clone).error["hint"].endswith(ids["/features"])
    machine.must("trust", "--allow", ids["/features"], cwd=clone)
    done = machine.must("build", cwd=clone)
    assert "/mounts/0 is not allowed" in done.out

    look = (
        "import os, pathlib\nprint(os.path.exists('/data'), "
        "'named' in pathlib.Path('/etc/hosts').read_text(), len(os.listdir('/sys/class/net')))"
    )
    write_notebook(clone / "look.ipynb", look)

    def seen() -> str:
        machine.must("run", "look.ipynb", "--output", clone / "out.ipynb", cwd=clone)
        import nbformat

        cell = nbformat.read(clone / "out.ipynb", as_version=4).cells[0]
        return printed(cell).strip()

    assert seen() == "False False 2"
    machine.must("trust", "--allow", ids["/mounts/0"], cwd=clone)
    assert seen() == "True False 2"
    host = ids["runArgs --add-host"]
    machine.must("trust", "--allow", host, "--allow", ids["/capAdd/0"], cwd=clone)
    assert seen() == "True True 2"
    assert not mark.exists()

    # Withdrawn, and nothing starts.
    machine.must("trust", "--forget", cwd=clone)
    done = machine.devbox("run", "look.ipynb", "--json", cwd=clone)
    assert done.error["code"] == "untrusted_project"


def test_a_pull_is_shown_and_asked_about(machine: Machine, clone: Path, engine: Engine):
    machine.must("trust", "--approve", cwd=clone)
    machine.must("build", cwd=clone)
    machine.must("run", "n.ipynb", cwd=clone)
    recipe = clone / FOLDER / "Dockerfile"
    recipe.write_text(f"{recipe.read_text()}RUN echo \x1b[31mevil\n")
    done = machine.devbox("build", "--json", cwd=clone)
    assert done.code == 44
    assert r"+RUN echo \x1b[31mevil" in done.error["details"]
    assert "\x1b[31m" not in done.err
    # The image that was approved still runs.
    machine.must("run", "n.ipynb", cwd=clone)
    configure(clone, privileged=True)
    (kernel,) = (k for k in machine.must("kernel", "list", "--json", cwd=clone).json["kernels"]
                 if k["project"] == str(clone))  # fmt: skip
    jupyter = Path(machine.python).with_name("jupyter-execute")
    started = machine.command(jupyter, f"--kernel_name={kernel['name']}", "n.ipynb", cwd=clone)
    assert started.code != 0
    assert "changed since you approved them" in started.err
    assert '+  "privileged": true,' in started.err
