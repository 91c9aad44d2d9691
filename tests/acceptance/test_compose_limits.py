"""Limits of a box with a database beside it: what the engine says, and what a restart changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from machine import Machine, write_notebook
from test_compose import COUNT

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.spec.compose_project import LABEL_COMPOSE, LABEL_SERVICE

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

COMPOSE = ".devcontainer/compose.yaml"
CONFIG = ".devcontainer/devcontainer.json"
MIB = 2**20

DRIVER = """
import json, subprocess, sys
from jupyter_client.manager import KernelManager
from jupyter_devbox.workflow.context import this_machine
from jupyter_devbox.workflow.limiting import limit_kernel

docker, name, cell, *steps = sys.argv[1:]
manager = KernelManager(kernel_name=name)
manager.start_kernel()

def inspect(name):
    words = (docker, "inspect", "--format", "{{json .}}", name)
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)

def look(files=()):
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    text = []
    def hook(message):
        content = message["content"]
        text.append(content.get("text") or "\\n".join(content.get("traceback", [])))
    client.execute_interactive(cell, timeout=120, output_hook=hook)
    client.stop_channels()
    box = manager.provisioner.container
    raw, beside = inspect(box), inspect("bounded_devcontainer-postgres-1")
    told = {"box": box, "image": raw["Image"], "host": raw["HostConfig"]}
    told["database"] = beside["State"]["StartedAt"]
    return {**told, "text": "".join(text), "files": list(files)}

try:
    seen = [look()]
    for step in steps:
        limited = limit_kernel(this_machine(), name, json.loads(step))
        manager.restart_kernel(now=True)
        seen.append(look(limited.files))
finally:
    manager.shutdown_kernel(now=True)
print(json.dumps(seen))
"""


@pytest.fixture
def bounded(postgres: str, machine: Machine) -> Iterator[tuple[Path, str]]:
    """A project with a database and all limits, and its kernel's name."""
    project = machine.project("bounded")
    write_notebook(project / "n.ipynb", COUNT)
    options = ("--memory", "768m", "--cpus", "1.5", "--shm-size", "96m", "--pids", "300", "--json")
    words = ("containerize", "n.ipynb", "--service", "postgres", *options)
    made = machine.must(*words, cwd=project).json
    yield project, made["kernels"][0]["name"]
    cleaned = machine.clean()  # before the image of the database goes
    assert cleaned.code == 0, cleaned


def bounds(host: dict[str, Any]) -> tuple[int, int, int, int, int | None]:
    swap = ("Memory", "MemorySwap", "NanoCpus", "ShmSize", "PidsLimit")
    memory, both, cpus, shm, pids = (host[name] for name in swap)
    return memory // MIB, both // MIB, cpus, shm // MIB, pids or None


def test_they_reach_the_engine_and_change_with_a_restart(
    bounded, machine: Machine, engine: Engine, docker_cli
):
    project, kernel = bounded
    cpus = min(1.5, engine.info().cpus)
    # What a build would take along, and other limits do not.
    write_notebook(project / "n.ipynb", COUNT, "import idna")
    lock = (project / ".devcontainer" / "requirements.txt").read_bytes()
    steps = ({"memory": "1g"}, {"pids": "off", "cpus": "0.5", "shm_size": "128m"})
    words = (docker_cli, kernel, COUNT, *map(json.dumps, steps))
    done = machine.command(machine.python, "-c", DRIVER, *words, cwd=project)
    assert done.code == 0, done
    first, second, third = json.loads(done.out)

    assert bounds(first["host"]) == (768, 768, cpus * 10**9, 96, 300)
    assert bounds(second["host"]) == (1024, 1024, cpus * 10**9, 96, 300)
    assert bounds(third["host"]) == (1024, 1024, 500_000_000, 128, None)
    assert len({each["box"] for each in (first, second, third)}) == 3
    assert len({each["image"] for each in (first, second, third)}) == 1
    # The database was not restarted for it, and knows what was written from the boxes before.
    assert len({each["database"] for each in (first, second, third)}) == 1
    assert [each["text"].split()[0] for each in (first, second, third)] == ["1", "2", "3"]
    found = engine.containers({LABEL_COMPOSE: "bounded_devcontainer"})
    (database,) = (each for each in found if each.labels[LABEL_SERVICE] == "postgres")
    assert (database.limits.memory, database.limits.pids) == (0, 0)
    assert {each.id for each in found} == {database.id, third["box"]}

    assert {*second["files"]} == {*third["files"]} == {COMPOSE, CONFIG}
    assert (project / ".devcontainer" / "requirements.txt").read_bytes() == lock
    again = machine.must("containerize", "--no-build", "--json", cwd=project).json
    assert COMPOSE not in again["files"], "it would write the same"
    status = machine.must("status", "--json", cwd=project).json
    assert status["boxes"][0]["use"] is None or status["boxes"][0]["use"]["memory_limit"] == 2**30
