"""Applied from a registry, brought up by the reference client, and tested from inside."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path

import pytest
from template_texts import TEMPLATES

from jupyter_devbox.catalogue import read_catalogue

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

BOXES = {
    "jupyter-cpu": ((), {}),
    "jupyter-cuda": (("--config", ".devcontainer/cuda/devcontainer.json"), {}),
    "jupyter-postgres": ((), {}),
    "jupyter-tensorboard": ((), {"logDir": "logs/mine"}),
}
POSTGRES = next(s.image for s in read_catalogue().services if s.name == "postgres")
COMPOSE = "com.docker.compose.project"


@pytest.fixture
def project(tmp_path):
    """A folder that the container's user may write, as one of its own user's is."""
    folder = tmp_path / f"jupyter{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.fixture(scope="module")
def postgres(docker, engine):
    """The database's image: where the machine has none, the stand-in of Compose's own tests."""
    if engine.image(POSTGRES) is not None:
        yield
        return
    folder = Path(__file__).parents[1] / "acceptance" / "postgres"
    docker("build", "--quiet", "--tag", POSTGRES, folder)
    yield
    docker("image", "rm", "--force", POSTGRES)


@pytest.fixture
def up(engine_client, docker, base_image):
    """`devcontainer up`; all that came of it is gone at the end."""
    made = []

    def start(folder, *words):
        done = engine_client("up", "--workspace-folder", folder, *words)
        assert done.returncode == 0, done.stderr[-4000:]
        answer = json.loads(done.stdout.splitlines()[-1])
        made.append(answer["containerId"])

    yield start
    for container in made:
        about = "{{.Config.Image}} {{index .Config.Labels " + json.dumps(COMPOSE) + "}}"
        image, _, compose = docker("inspect", "--format", about, container).partition(" ")
        docker("rm", "--force", "--volumes", container)
        if compose:
            _remove_project(docker, compose)
        # Under a host uid of its own the client puts an image with that uid upon its first one.
        docker("image", "rm", "--force", image, image.removesuffix("-uid"), check=False)


def _remove_project(docker, name):
    """Remove what else Compose made."""
    mark = ("--quiet", "--filter", f"label={COMPOSE}={name}")
    docker("rm", "--force", "--volumes", *docker("ps", "--all", *mark).split())
    docker("volume", "rm", *docker("volume", "ls", *mark).split())
    docker("network", "rm", *docker("network", "ls", *mark).split())
    docker("image", "rm", "--force", *docker("image", "ls", *mark).split())


@pytest.fixture(params=BOXES)
def applied(request, apply, project):
    """The client's words for a project that a template was applied to."""
    words, options = BOXES[request.param]
    if request.param == "jupyter-postgres":
        request.getfixturevalue("postgres")
    apply(request.param, project, **options)
    for source in (f"test/{request.param}/test.sh", "test/test-utils/check.sh"):
        shutil.copy2(TEMPLATES / source, project)
    return [project / word if word.startswith(".devcontainer") else word for word in words]


def test_up_and_the_templates_own_test(applied, engine_client, up, project):
    up(project, *applied)
    done = engine_client("exec", "--workspace-folder", project, *applied, "sh", "test.sh")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All passed" in done.stdout
    assert "FAILED" not in done.stdout


@pytest.mark.parametrize("python", ["3.99", ""])
def test_a_python_out_of_range_ends_the_build_and_is_named(
    apply, engine_client, base_image, project, python
):
    """The client checks no option against its list."""
    apply("jupyter-cpu", project, pythonVersion=python)
    done = engine_client("up", "--workspace-folder", project)
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[-1])["outcome"] == "error"
    assert f"python:{python}" in done.stdout + done.stderr
