"""Plan, lock and render: from facts to the files as they should be."""

from __future__ import annotations

import platform
from dataclasses import replace
from importlib.metadata import version

from jupyter_devbox.catalogue import read_catalogue
from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import ResolutionError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.lock import given_wheels, link_folders
from jupyter_devbox.plan.base_image import choose_base
from jupyter_devbox.plan.options import merge_options
from jupyter_devbox.plan.planner import PlanInputs, python_of
from jupyter_devbox.render import render
from jupyter_devbox.run.contents import program
from jupyter_devbox.spec.container import ImageInfo
from jupyter_devbox.spec.project import ExistingEnvironment
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.workflow.binder import plan_binder
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.environments import EnvironmentPlanner
from jupyter_devbox.workflow.gpu_host import gpu_host
from jupyter_devbox.workflow.index import index_environment, machine_index, more_indexes
from jupyter_devbox.workflow.plans import Plan
from jupyter_devbox.workflow.requests import ContainerizeRequest
from jupyter_devbox.workflow.split_planning import plan_groups
from jupyter_devbox.workflow.splitting import groups_after
from jupyter_devbox.workflow.trusting import review

_MACHINES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_INSTEAD = "--split gives each notebook an environment of its own"


def make_plan(
    context: Context,
    request: ContainerizeRequest,
    project: Project,
    existing: ExistingEnvironment,
    snapshots: tuple[KernelSnapshot, ...],
    *,
    engine: Engine | None,
) -> Plan:
    """Return the environments of a project's notebooks, locked and rendered; writes nothing.

    A project that has a CUDA twin, or is asked for one, has both planned: they stay in step. Of a
    split project all groups are planned, for they share a Dockerfile and a layer.

    Raises
    ------
    UsageError
        A group cannot be called so, or a notebook is named in two.
    PlanError, LockError
        What cannot be decided or resolved; for CUDA that is left to who needs it.
    """
    options = merge_options(existing.options, request.wishes)
    given = given_wheels(project.root, options.wheels)
    options = replace(options, wheels=tuple(wheel.filename for wheel in given))
    groups = groups_after(request, project, existing, snapshots)
    index = machine_index(context)
    inputs = PlanInputs(
        project=project.name,
        target="cpu",
        snapshots=snapshots,
        existing=existing,
        options=options,
        platform=image_platform(engine),
        fallback_python=platform.python_version(),
        indexes=(index.url,) if index else (),
        more_indexes=tuple(more.url for more in more_indexes(context)),
        catalogue=read_catalogue(),
        wheels=given,
        links=link_folders(project.root, options.find_links),
    )
    if groups:
        first = tuple(s for s in snapshots if s.notebook in groups[0].notebooks)
        inputs = replace(inputs, python=python_of(replace(inputs, snapshots=first)))
    base = choose_base(python_of(inputs), options, inputs.platform)
    inputs = replace(inputs, base_facts=_base_facts(engine, base.ref))
    twins = "cuda" in request.targets or existing.twin or _has_twins(project, existing)
    planner = EnvironmentPlanner(
        root=project.root,
        inputs=inputs,
        index=index_environment(context),
        host=(request.gpu_host or gpu_host(context, engine)) if twins else None,
        trusted=request.by_user and not review(context, project.root).waiting,
    )
    if groups:
        return plan_groups(planner, request, project, groups)
    return _plan_whole(planner, request, project)


def _has_twins(project: Project, existing: ExistingEnvironment) -> bool:
    groups = (read_environment(project.root, "cpu", group.name) for group in existing.groups)
    return any(group.twin for group in groups)


def _plan_whole(
    planner: EnvironmentPlanner, request: ContainerizeRequest, project: Project
) -> Plan:
    """Return the plan of a project with one environment; raises as `make_plan`."""
    existing, options = planner.inputs.existing, planner.inputs.options
    gone = tuple(group.name for group in existing.groups)
    if gone:
        # What the groups have locked is as good a beginning as a lock of all.
        locked = [read_environment(project.root, "cpu", name).locked for name in gone]
        existing = replace(existing, locked={n: v for each in locked for n, v in each.items()})
    try:
        environment = planner.environment(existing)
    except ResolutionError as error:
        if len(planner.inputs.snapshots) > 1:
            error.hint = ", or ".join(filter(None, [error.hint, _INSTEAD]))
        raise
    binder = plan_binder(
        project,
        environment.spec,
        environment.lock,
        options,
        asked=request.wishes.binder,
        index=planner.index,
        trusted=planner.trusted,
    )
    twin = environment.twin
    tree = render(
        environment.spec,
        environment.lock,
        options,
        uv_version=version("uv"),
        twin=twin.locked if twin else None,
        nested=project.nested,
        run_args=existing.run_args,
        twin_run_args=read_environment(project.root, "cuda").run_args,
        own=existing.compose,
        binder=binder.files if binder else (),
        gone=gone,
        slim=program() if options.slim else "",
    )
    return Plan(environments=(environment,), tree=tree, options=options, binder=binder)


def image_platform(engine: Engine | None) -> str:
    """Return the platform of the images that will be built."""
    if engine is not None:
        return engine.info().platform
    return f"linux/{_MACHINES.get(platform.machine(), 'amd64')}"


def _base_facts(engine: Engine | None, reference: str) -> ImageInfo | None:
    return engine.image(reference) if engine is not None else None
