"""The project's folder is always named (a wrong one would be noticed too late)."""

from __future__ import annotations

from pathlib import Path

from jupyter_devbox.files.project import Project
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.view import wording
from jupyter_devbox.workflow.requests import Found


def test_the_project_and_why_it_is_the_project_are_said():
    project = Project(root=Path("/home/ada/di\x1b[31mgits"), reason="it has .git")
    event = Found(
        project=project, snapshots=(KernelSnapshot(notebook="a.ipynb"),), targets=("cpu",)
    )
    line = wording.found(event, "add")[-1]
    assert line.startswith("Project: /home/ada/di")
    assert line.endswith("gits (it has .git)")
    assert "\x1b" not in line
