"""An ordinary user of the host, whose uid no image knows; and one who may not use Docker."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from machine import ROOT, Machine, new_machine, tree_digest, uv, write_notebook

from jupyter_devbox.engine.base import Engine

UID = 12345
# A Python in a home that is closed to others starts, and takes the system's library instead.
REACHABLE = (
    "import os, sys; os.stat(os.path.realpath(sys.executable)); assert sys.version_info > (3, 10)"
)
SOCKET = Path("/var/run/docker.sock")

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that every user can reach: pytest's own are private."""
    with tempfile.TemporaryDirectory(prefix="jdb-u-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def everyones_python(place: Path) -> str:
    """An interpreter with jupyter_devbox, installed as a user does, that every user can run."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can become another user")
    for python in dict.fromkeys((sys.executable, "/usr/bin/python3")):
        known = [*become(), python, "-c", REACHABLE]
        if subprocess.run(known, capture_output=True, check=False).returncode == 0:
            break
    else:
        pytest.skip("no Python that other users may run")
    uv("venv", "--quiet", "--python", python, place / "venv")
    # Copies: hard links into root's cache keep its permissions.
    install = ("pip", "install", "--quiet", "--link-mode", "copy")
    uv(*install, "--python", place / "venv/bin/python", ROOT, "ipykernel")
    return str(place / "venv" / "bin" / "python")


def become(*groups: int) -> tuple[str, ...]:
    some = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
    return ("setpriv", f"--reuid={UID}", f"--regid={UID}", some)


@pytest.fixture(scope="module")
def make_user(place: Path, everyones_python: str) -> Iterator[Callable[..., Machine]]:
    users: list[Machine] = []

    def make(name: str, *groups: int) -> Machine:
        root = place / name
        root.mkdir()
        user = new_machine(root, everyones_python, root / "run", everyones_python)
        user.prefix, user.uid = become(*groups), UID
        user.env["UV_CACHE_DIR"] = str(root / "uv")
        (root / "run").mkdir(mode=0o700)
        user.own(root)
        users.append(user)
        return user

    yield make
    for user in users:
        user.clean()


@pytest.fixture(scope="module")
def user(make_user) -> Machine:
    """A user in the group that owns Docker's socket."""
    if not SOCKET.is_socket():
        pytest.skip(f"no socket at {SOCKET}")
    info = SOCKET.stat()
    if not info.st_mode & stat.S_IWGRP:
        pytest.skip("Docker's socket has no group that may use it")
    return make_user("in", info.st_gid)


@pytest.fixture(scope="module")
def project(user: Machine, engine: Engine) -> Path:
    folder = user.project("mine")
    cell = "from pathlib import Path\nPath('made in the box.txt').write_text('x')"
    write_notebook(folder / "n.ipynb", "%load_ext jupyter_devbox", cell, "!id -u", "!whoami")
    user.own(folder)
    made = user.must("containerize", "n.ipynb", cwd=folder)
    assert "mine · CPU is ready" in made.out
    return folder


def test_the_whole_way(user: Machine, project: Path):
    ran = user.must("run", "n.ipynb", "--json", cwd=project).json
    assert ran["error"] is None
    text = (project / "n.out.ipynb").read_text()
    assert str(UID) in text
    assert "jovyan" in text
    assert (project / "made in the box.txt").stat().st_uid == UID
    for path in (user.root / "projects").rglob("*"):
        assert path.lstat().st_uid == UID, path


def test_pip_works_in_the_box(user: Machine, project: Path):
    write_notebook(project / "pip.ipynb", "%pip install --quiet six", "import six")
    user.own(project)
    assert user.must("run", "pip.ipynb", "--json", cwd=project).json["error"] is None


@pytest.fixture(scope="module")
def everyones_client(place: Path, devcontainer: str) -> str:
    """The client where every user can run it: a checkout may lie in a private folder."""
    if subprocess.run([*become(), "test", "-x", devcontainer], check=False).returncode == 0:
        return devcontainer
    modules = Path(devcontainer).parent.parent
    shutil.copytree(modules, place / "node_modules", symlinks=True)
    return str(place / "node_modules" / ".bin" / "devcontainer")


# The client asks for the user's name, which a uid without an account has not.
NAMED = '#!/bin/sh\n[ "$*" = "-u -n" ] && echo ada && exit\nexec /usr/bin/id "$@"\n'


def test_the_client_joins_and_writes(
    user: Machine, project: Path, everyones_client: str, docker_cli: str
):
    (box,) = user.must("status", "--json", cwd=project).json["boxes"]
    tools = user.root / "tools"
    tools.mkdir()
    (tools / "id").write_text(NAMED)
    (tools / "id").chmod(0o755)
    path = {"PATH": f"{tools}:{Path(docker_cli).parent}:{user.env['PATH']}"}

    def client(verb: str, *words: str):
        where = ("--workspace-folder", project)
        done = user.command(everyones_client, verb, *where, *words, cwd=project, env=path)
        assert done.code == 0, done
        return done

    assert client("up").json["containerId"] == box["id"]
    client("exec", "sh", "-c", "id -u > 'by the client.txt'; whoami >> 'by the client.txt'")
    written = project / "by the client.txt"
    assert written.read_text() == f"{UID}\njovyan\n"
    assert written.stat().st_uid == UID


def test_no_permission_on_the_socket(make_user, engine: Engine):
    user = make_user("out")
    folder = user.project("mine")
    write_notebook(folder / "n.ipynb", "1")
    user.own(folder)
    before = tree_digest(folder, user.data)
    done = user.devbox("containerize", "n.ipynb", "--json", cwd=folder)
    assert done.code == 53, done
    assert done.error["code"] == "engine_permission"
    assert str(SOCKET) in done.error["message"]
    assert "--target venv" in done.err
    assert tree_digest(folder, user.data) == before
    user.must("containerize", "n.ipynb", "--no-build", cwd=folder)


def test_a_folder_that_cannot_be_written(user: Machine, engine: Engine):
    folder = user.project("theirs")
    write_notebook(folder / "n.ipynb", "1")
    os.chown(folder, 0, 0)
    folder.chmod(0o755)
    before = tree_digest(folder, user.data)
    done = user.devbox("containerize", "n.ipynb", "--no-build", "--json", cwd=folder)
    assert done.code == 43, done
    assert done.error["code"] == "read_only"
    assert str(folder) in done.error["message"]
    assert "--project" in done.error["hint"]
    assert tree_digest(folder, user.data) == before
