"""One notebook through every door, with the outputs that it has on the host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clients import cleaned
from doors import DOORS, NOTEBOOK, SAMPLE, Entered
from machine import Machine
from notebook_outputs import outputs

from jupyter_devbox.engine.base import Engine

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]


@pytest.fixture(scope="module")
def project(machine: Machine, engine: Engine) -> Iterator[Path]:
    folder = machine.project("every door", SAMPLE)
    machine.must("containerize", NOTEBOOK, cwd=folder)
    with cleaned(engine, folder):
        yield folder


@pytest.fixture(scope="module")
def on_the_host(machine: Machine, project: Path) -> Any:
    return machine.execute(project / NOTEBOOK, "python3", project / "host.ipynb")


@pytest.mark.parametrize("name", DOORS)
def test_the_outputs_are_the_host_s(
    name: str, machine: Machine, project: Path, on_the_host: Any, request: pytest.FixtureRequest
):
    found = outputs(DOORS[name](Entered(machine, project, request)))
    assert found == outputs(on_the_host)
    assert sum(map(len, found)) >= 3
