"""`--memory`: the command that an out-of-memory message names does what it says."""

from __future__ import annotations

import json

import pytest
from machine import Machine, write_notebook

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

LIMIT = """
import os
files = ["/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max"]
print(next(open(f).read() for f in files if os.path.exists(f)))
"""


def test_a_new_limit_reaches_file_kernelspec_and_box(machine: Machine, engine: Engine):
    project = machine.project("memory")
    write_notebook(project / "n.ipynb", LIMIT)
    machine.must("containerize", "n.ipynb", "--idle", "30m", cwd=project)
    config = project / ".devcontainer" / "devcontainer.json"
    text = config.read_text().replace(
        '"init": true', '"runArgs": ["--shm-size=128m", "-m", "300m"], // mine\n  "init": true'
    )
    config.write_text(text)
    machine.must("trust", "--approve", cwd=project)

    done = machine.must("containerize", "--memory", "512m", "--json", cwd=project)
    assert done.json["files"] == [".devcontainer/devcontainer.json"]
    assert '"runArgs": ["--shm-size=128m", "--memory=512m"], // mine' in " ".join(
        config.read_text().split()
    )
    (spec,) = (machine.data / "kernels").glob("devbox-*/kernel.json")
    settings = json.loads(spec.read_text())["metadata"]["jupyter_devbox"]["config"]
    assert (settings["memory"], settings["shm"]) == (512 * 2**20, 128 * 2**20)
    assert settings["idle"] == 1800
    machine.must("run", "n.ipynb", cwd=project)
    outputs = json.loads((project / "n.out.ipynb").read_text())["cells"][0]["outputs"]
    assert int("".join(outputs[0]["text"])) == 512 * 2**20

    refused = machine.devbox("containerize", "--memory", "lots", cwd=project)
    assert refused.code == 42
    assert "512m or 2g" in refused.err
