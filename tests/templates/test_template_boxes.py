"""Applied from a registry, brought up by the reference client, and tested from inside."""

from __future__ import annotations

import json
import shutil

import pytest
from template_texts import TEMPLATES

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

BOXES = {
    "jupyter-cpu": ((), {}),
    "jupyter-cuda": (("--config", ".devcontainer/cuda/devcontainer.json"), {}),
    "jupyter-tensorboard": ((), {"logDir": "logs/mine"}),
}


@pytest.fixture
def project(tmp_path):
    """A folder that the container's user may write, as one of its own user's is."""
    folder = tmp_path / "Jupyter"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.fixture
def up(engine_client, docker, base_image):
    """`devcontainer up`; container and image are gone at the end."""
    made = []

    def start(folder, *words):
        done = engine_client("up", "--workspace-folder", folder, *words)
        assert done.returncode == 0, done.stderr[-4000:]
        answer = json.loads(done.stdout.splitlines()[-1])
        made.append(answer["containerId"])

    yield start
    for container in made:
        image = docker("inspect", "--format", "{{.Config.Image}}", container)
        docker("rm", "--force", container)
        # Under a host uid of its own the client puts an image with that uid upon its first one.
        docker("image", "rm", "--force", image, image.removesuffix("-uid"), check=False)


@pytest.mark.parametrize("name", BOXES)
def test_up_and_the_templates_own_test(apply, engine_client, up, project, name):
    words, options = BOXES[name]
    words = [project / word if word.startswith(".devcontainer") else word for word in words]
    apply(name, project, **options)
    for source in (f"test/{name}/test.sh", "test/test-utils/check.sh"):
        shutil.copy2(TEMPLATES / source, project)
    up(project, *words)
    done = engine_client("exec", "--workspace-folder", project, *words, "sh", "test.sh")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All passed" in done.stdout
    assert "FAILED" not in done.stdout


@pytest.mark.parametrize("python", ["3.99", "2.7", "", "3.11-slim-bookworm AS x"])
def test_a_python_out_of_range_ends_the_build_and_is_named(
    apply, engine_client, base_image, project, python
):
    """The client checks no option against its list."""
    apply("jupyter-cpu", project, pythonVersion=python)
    done = engine_client("up", "--workspace-folder", project)
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[-1])["outcome"] == "error"
    assert f"python:{python}" in done.stdout + done.stderr
