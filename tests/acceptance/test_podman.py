"""The whole way on Podman: files, image, kernel, run, proof, removal."""

from __future__ import annotations

import os

import pytest
from machine import Machine, write_notebook

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


def test_the_whole_way(machine: Machine, podman: Engine):
    project = machine.project("podman")
    write_notebook(
        project / "n.ipynb", "import packaging, os", "open('made', 'w').close(); print(os.getuid())"
    )
    env = {
        "DOCKER_HOST": podman.endpoint.url,
        "CONTAINERS_CONF": os.environ["CONTAINERS_CONF"],
    }
    made = machine.must("containerize", "n.ipynb", "--json", cwd=project, env=env).json
    assert podman.image(made["image"]) is not None
    ran = machine.must("run", "n.ipynb", "--json", cwd=project, env=env).json
    assert ran["error"] is None
    assert (project / "made").stat().st_uid == os.getuid()
    (box,) = machine.must("status", "--json", cwd=project, env=env).json["boxes"]
    assert podman.container(box["id"]) is not None
    proof = machine.must("verify", "--json", cwd=project, env=env).json
    assert proof["ok"]
    machine.must("prune", "--all", "--yes", cwd=project, env=env)
    assert podman.image(made["image"]) is None
    assert podman.container(box["id"]) is None
