"""`--memory` and its likes: the command that an out-of-memory message names does what it says."""

from __future__ import annotations

import json

import pytest
from machine import Machine, write_notebook

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.files.reader import configuration_at
from jupyter_devbox.spec.box import LABEL_KIND, LABEL_PROJECT
from jupyter_devbox.spec.container import Limits

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

LIMIT = """
import os
files = ["/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max"]
print(next(open(f).read() for f in files if os.path.exists(f)))
"""
SHM = """
import os
found = os.statvfs("/dev/shm")
print(found.f_blocks * found.f_frsize)
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
    assert "--memory 4g" in refused.err


def test_each_limit_reaches_its_box_and_can_be_taken_away(machine: Machine, engine: Engine):
    project = machine.project("limits")
    write_notebook(project / "n.ipynb", SHM)
    options = ("--cpus", "4096", "--shm-size", "96m", "--pids", "300")
    done = machine.must("containerize", "n.ipynb", *options, "--json", cwd=project)
    (warning,) = done.json["warnings"]
    assert warning["code"] == "limit_beyond_machine"
    assert warning["message"].endswith(f"`4096 of {engine.info().cpus}`")
    machine.must("run", "n.ipynb", cwd=project)
    outputs = json.loads((project / "n.out.ipynb").read_text())["cells"][0]["outputs"]
    assert int("".join(outputs[0]["text"])) == 96 * 2**20
    (box,) = engine.containers({LABEL_KIND: "box", LABEL_PROJECT: str(project)})
    assert (box.limits.pids, box.limits.cpus) == (300, engine.info().cpus)

    machine.must("containerize", "--cpus=off", "--shm-size=off", "--pids", "400", cwd=project)
    config = configuration_at(project / ".devcontainer" / "devcontainer.json")
    assert config["runArgs"] == ["--pids-limit=400"]
    machine.must("run", "n.ipynb", cwd=project)
    (box,) = engine.containers({LABEL_KIND: "box", LABEL_PROJECT: str(project)})
    assert box.limits == Limits(pids=400, shm=64 * 2**20)  # the engine's own
