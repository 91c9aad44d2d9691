"""Opens a project's box without a kernel in it."""

from __future__ import annotations

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import RunError
from jupyter_devbox.files.project import Project
from jupyter_devbox.run.box import Record, open_box
from jupyter_devbox.run.kernelspec import InstalledSpec
from jupyter_devbox.run.runtime_dir import default_base
from jupyter_devbox.spec.box import Box, Target
from jupyter_devbox.spec.groups import ONLY
from jupyter_devbox.workflow.box_config import asked_box
from jupyter_devbox.workflow.composing import compose_project
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.trusting import granted_rights


def record_container(context: Context, engine: Engine, project: str) -> Record:
    """Return what notes a container that is about to start, for `prune` and the sweep."""

    def record(kind: str, container: str) -> None:
        ledger = context.ledger
        facts = {"project": project, "engine": engine.info().id, "owner": ledger.mark()}
        ledger.record(kind, container, **facts)

    return record


def open_project_box(
    context: Context, engine: Engine, project: Project, spec: InstalledSpec
) -> Box:
    """Return the running box of a registered kernel; started as a kernel would, if none runs.

    Raises
    ------
    RunError
        The kernel is in no box, or the box cannot be started.
    UntrustedProjectError
        devcontainer.json is not approved as it is.
    """
    config = spec.ours.get("config")
    called = str(spec.content.get("display_name", spec.name))
    if not isinstance(config, dict):
        message = f"This kernel is in no box: `{called}`"
        raise RunError(message, hint="jupyter devbox containerize NOTEBOOK.ipynb --target cpu")
    target: Target = "cuda" if config.get("target") == "cuda" else "cpu"
    group = str(spec.ours.get("group") or ONLY)
    granted, _ = granted_rights(context, project.root, context.env, target, group)
    wanted = asked_box(
        config,
        granted,
        called=called,
        rootless=engine.info().rootless,
        compose=compose_project(context, project.root, target, group),
    )
    record = record_container(context, engine, wanted.project)
    box, _ = open_box(engine, wanted, base=default_base(), host=context.env, record=record)
    return box
