"""Every way into a project's environment: executes one notebook and gives it back with its outputs.

A new door is a function here, marked with its name. It gets `Entered`, asks pytest for what else it
needs by ``entered.fixture(name)``, and leaves nothing behind but files in the project.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from binder_service import BASE, reaching_base, served
from clients import Client, cleaned
from machine import ROOT, Machine

NOTEBOOK = "analysis.ipynb"
SAMPLE = ROOT / "tests" / "projects" / "plain"


@dataclass(frozen=True)
class Entered:
    """A containerized project on a user's machine, its image built."""

    machine: Machine
    project: Path
    request: pytest.FixtureRequest

    def fixture(self, name: str) -> Any:
        """Return what a fixture of pytest's gives; a door may skip the test by it."""
        return self.request.getfixturevalue(name)

    def client(self, name: str) -> Client:
        made: Client = self.fixture("make_client")(self.machine, name)
        return made


Door = Callable[[Entered], Any]
DOORS: dict[str, Door] = {}


def door(name: str) -> Callable[[Door], Door]:
    """Give a door its name."""

    def add(function: Door) -> Door:
        DOORS[name] = function
        return function

    return add


@door("box")
def our_box(entered: Entered) -> Any:
    """The box, as `run` and every Jupyter client enter it."""
    machine, project = entered.machine, entered.project
    machine.must("run", NOTEBOOK, "--output", "box.ipynb", cwd=project)
    return nbformat.read(project / "box.ipynb", as_version=4)


@door("jupyter")
def our_kernel(entered: Entered) -> Any:
    """The registered kernel, by Jupyter's own command."""
    machine, project = entered.machine, entered.project
    (kernel,) = (
        kernel["name"]
        for kernel in machine.must("kernel", "list", "--json", cwd=project).json["kernels"]
        if kernel["project"] == str(project)
    )
    return machine.execute(project / NOTEBOOK, kernel, project / "jupyter.ipynb")


@door("devcontainer")
def reference_client(entered: Entered) -> Any:
    """The reference client: VS Code's and Codespaces' own code, in a container that it makes."""
    return _by(entered, "devcontainer")


@door("devcontainer-rs")
def second_client(entered: Entered) -> Any:
    """The other implementation of the specification."""
    return _by(entered, "second_client")


@door("compose")
def beside_a_database(entered: Entered) -> Any:
    """The box as a service of Compose's, with a database; on a machine of its own, then cleaned."""
    entered.fixture("postgres")
    who = "owner" if entered.machine.uid == os.getuid() else "member"
    machine = entered.fixture("one_more")("compose-door", who)
    project = machine.project("beside", SAMPLE)
    machine.must("containerize", NOTEBOOK, "--service", "postgres", cwd=project)
    machine.must("run", NOTEBOOK, "--output", "compose.ipynb", cwd=project)
    done = machine.clean()
    assert done.code == 0, done
    return nbformat.read(project / "compose.ipynb", as_version=4)


@door("binder")
def repo2docker(entered: Entered) -> Any:
    """The project's `binder/`, built and served by repo2docker, which gets a copy as from Git."""
    machine, folder = entered.machine, entered.fixture("tmp_path")
    docker, base = entered.fixture("docker_cli"), "devbox-door-base:3.11-slim-bookworm"
    with reaching_base(BASE, base, docker, folder / "base"):
        project = machine.project("to Binder", SAMPLE)
        words = ("--binder", "--base", base, "--no-build")
        machine.must("containerize", NOTEBOOK, *words, cwd=project)
        pushed, name = shutil.copytree(project, folder / "pushed"), "devbox-door-binder:1"
        with served(pushed, entered.fixture("engine"), docker, name=name) as server:
            return server.execute(NOTEBOOK, folder)


def _by(entered: Entered, program: str) -> Any:
    client = entered.client(program)
    with cleaned(entered.fixture("engine"), entered.project) as project:
        client.up(project)
        return client.execute(project, NOTEBOOK, f"{program}.ipynb")
