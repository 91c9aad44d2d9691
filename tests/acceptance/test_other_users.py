"""An ordinary user of the host, whose uid no image knows; and one who may not use Docker."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from machine import Machine, tree_digest, write_notebook
from users import SOCKET, UID, socket_group

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


@pytest.fixture(scope="module")
def user(make_user) -> Machine:
    """A user in the group that owns Docker's socket."""
    return make_user("in", socket_group())


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


def test_the_client_joins_and_writes(user: Machine, project: Path, make_client):
    client = make_client(user, "devcontainer")
    (box,) = user.must("status", "--json", cwd=project).json["boxes"]
    assert client.must("up", workspace=project).json["containerId"] == box["id"]
    code = "id -u > 'by the client.txt'; whoami >> 'by the client.txt'"
    client.must("exec", "sh", "-c", code, workspace=project)
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
    # The whole way without an engine.
    user.must("containerize", "n.ipynb", "--target", "venv", cwd=folder)
    assert user.must("run", "n.ipynb", "--json", cwd=folder).json["error"] is None
    assert user.must("verify", "--target", "venv", "--json", cwd=folder).json["ok"]
    assert user.must("prune", "--all", "--yes", "--json", cwd=folder).json["removed"]


def test_a_home_that_is_somebody_else_s(make_user):
    """Jupyter's and uv's folders have no place; nothing is half done, and the hint works."""
    user = make_user("homeless")
    folder = user.project("mine")
    write_notebook(folder / "n.ipynb", "1")
    user.own(folder)
    os.chown(user.home, 0, 0)
    usual = {"JUPYTER_DATA_DIR": None, "JUPYTER_PLATFORM_DIRS": None, "UV_CACHE_DIR": None}
    before = tree_digest(folder, user.home)
    done = user.devbox("containerize", "n.ipynb", "--no-build", "--json", cwd=folder, env=usual)
    assert (done.code, done.error["code"]) == (43, "read_only"), done
    assert str(user.home) in done.error["message"]
    assert "JUPYTER_DATA_DIR" in done.error["hint"]
    assert tree_digest(folder, user.home) == before
    user.must("capture", "n.ipynb", cwd=folder, env=usual)
    chosen = {**usual, "JUPYTER_DATA_DIR": str(user.data)}
    user.must("containerize", "n.ipynb", "--no-build", cwd=folder, env=chosen)


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
