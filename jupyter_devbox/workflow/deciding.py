"""`plan`: what would be decided, without changing anything."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_devbox.errors import EngineError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.workflow.capturing import capture_all, check_notebook
from jupyter_devbox.workflow.containerize import find_request_project
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.planning import Plan, make_plan
from jupyter_devbox.workflow.requests import ContainerizeRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A plan with the facts it rests on."""

    project: Project
    snapshots: tuple[KernelSnapshot, ...]
    plan: Plan


def decide(context: Context, request: ContainerizeRequest) -> Decided:
    """Return the plan of notebooks; without notebooks, that of the project as it stands.

    An engine is asked about the base image where there is one.
    """
    for notebook in request.notebooks:
        check_notebook(notebook)
    project = find_request_project(context, request)
    existing = read_environment(project.root)
    snapshots = capture_all(context, request, project, existing)
    try:
        engine = context.connect()
    except EngineError:
        engine = None
    plan = make_plan(context, request, project, existing, snapshots, engine=engine)
    return Decided(project=project, snapshots=snapshots, plan=plan)
