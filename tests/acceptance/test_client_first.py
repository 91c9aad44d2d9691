"""A container that the client made for a uid no image knows, from a base where 1000 is taken."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from clients import Client, cleaned
from machine import Machine, printed, write_notebook
from users import UID, socket_group

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.spec.container import ImageInfo

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

BASE = "devbox-test-taken:3.11"
RECIPE = """\
FROM {base}
RUN useradd --create-home --uid 1000 --shell /bin/bash ubuntu
USER ubuntu
WORKDIR /home/ubuntu
"""


@pytest.fixture(scope="module")
def base(engine: Engine, base_image: ImageInfo, docker_cli: str) -> Iterator[str]:
    """An image as Ubuntu's are since 24.04, whose maker leaves it as its user."""
    words = ("build", "--quiet", "--tag", BASE, "-")
    recipe = RECIPE.format(base=base_image.tags[0])
    subprocess.run([docker_cli, *words], input=recipe, text=True, check=True, capture_output=True)
    yield BASE
    engine.remove_image(BASE)


@pytest.fixture(scope="module")
def user(make_user) -> Machine:
    return make_user("first", socket_group())


@pytest.fixture(scope="module")
def project(user: Machine, base: str, engine: Engine) -> Iterator[Path]:
    folder = user.project("taken")
    write_notebook(
        folder / "n.ipynb", "import socket, os; print(socket.gethostname(), os.getuid())"
    )
    user.own(folder)
    user.must("containerize", "n.ipynb", f"--base={base}", "--python", "3.11", cwd=folder)
    with cleaned(engine, folder):
        yield folder


@pytest.fixture(scope="module")
def client(user: Machine, make_client) -> Client:
    return make_client(user, "devcontainer")


def test_the_account_is_ours_in_the_box(user: Machine, project: Path):
    """Without any other client first."""
    user.must("run", "n.ipynb", "--output", "box.ipynb", cwd=project)
    assert f" {UID}\\n" in (project / "box.ipynb").read_text()


def test_the_client_s_container_has_the_user_s_uid(
    client: Client, user: Machine, project: Path, engine: Engine
):
    with cleaned(engine, project):
        container = client.up(project)
        words = ("exec", "sh", "-c", "id -u > by; whoami >> by; ls -ld $HOME | cut -d' ' -f3 >> by")
        client.must(*words, workspace=project)
        assert (project / "by").read_text() == f"{UID}\njovyan\njovyan\n"
        assert (project / "by").stat().st_uid == UID
        # pip install works, and the notebook's own kernel.
        done = client.execute(project, "n.ipynb", "there.ipynb")
        assert printed(done.cells[0]) == f"{container} {UID}\n"
        # Our kernels join it.
        user.must("run", "n.ipynb", "--output", "joined.ipynb", cwd=project)
        assert container in (project / "joined.ipynb").read_text()
        assert user.must("status", "--json", cwd=project).json["boxes"] == []
