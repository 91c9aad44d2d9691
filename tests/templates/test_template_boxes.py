"""Applied from a registry, brought up by the reference client, and tested from inside."""

from __future__ import annotations

import json
import shutil
import uuid

import nbformat
import pytest
from nbclient import NotebookClient
from notebook_outputs import outputs
from template_texts import ROOT, TEMPLATES

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

BOXES = {
    "jupyter-cpu": ((), {}),
    "jupyter-cuda": (("--config", ".devcontainer/cuda/devcontainer.json"), {}),
    "jupyter-postgres": ((), {}),
    "jupyter-tensorboard": ((), {"logDir": "logs/mine"}),
}
SAMPLE = ROOT / "tests" / "projects" / "plain"
COMPOSE = "com.docker.compose.project"


@pytest.fixture
def project(tmp_path):
    """A folder that the container's user may write, as one of its own user's is."""
    folder = tmp_path / f"jupyter{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.fixture(scope="module")
def on_the_host(tmp_path_factory):
    """What the sample notebook gives without any container."""
    folder = tmp_path_factory.mktemp("host") / "plain"
    shutil.copytree(SAMPLE, folder)
    document = nbformat.read(folder / "analysis.ipynb", as_version=4)
    NotebookClient(document, resources={"metadata": {"path": str(folder)}}).execute()
    found = outputs(document)
    assert sum(map(len, found)) >= 3
    return found


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


def test_up_with_its_own_test_and_a_notebook_as_on_the_host(
    applied, engine_client, up, project, on_the_host
):
    up(project, *applied)
    done = engine_client("exec", "--workspace-folder", project, *applied, "sh", "test.sh")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All passed" in done.stdout
    assert "FAILED" not in done.stdout

    for path in (SAMPLE / "analysis.ipynb", SAMPLE / "data" / "readings.csv"):
        copy = project / path.relative_to(SAMPLE)
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, copy)
    for words in (("python3", "-m", "pip", "install", "--quiet", "nbclient"),
                  ("jupyter", "execute", "--output=executed.ipynb", "analysis.ipynb")):  # fmt: skip
        done = engine_client("exec", "--workspace-folder", project, *applied, *words)
        assert done.returncode == 0, done.stdout + done.stderr
    found = nbformat.read(project / "executed.ipynb", as_version=4)
    assert outputs(found) == on_the_host


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
