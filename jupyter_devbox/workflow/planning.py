"""Plan, lock and render: from facts to the files as they should be."""

from __future__ import annotations

import platform
from dataclasses import dataclass, replace
from importlib.metadata import version

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.files.project import Project
from jupyter_devbox.lock import lock_environment
from jupyter_devbox.plan import (
    PlanInputs,
    choose_base,
    estimate_bytes,
    merge_options,
    pinned,
    plan,
    python_of,
)
from jupyter_devbox.render import render
from jupyter_devbox.spec.container import ImageInfo
from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.spec.tree import RenderedTree
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.index import index_environment, machine_index, more_indexes
from jupyter_devbox.workflow.requests import ContainerizeRequest
from jupyter_devbox.workflow.trusting import review

_MACHINES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An environment with its lock and its files."""

    spec: EnvironmentSpec
    lock: Lock
    tree: RenderedTree
    existing: ExistingEnvironment
    options: ProjectOptions


def make_plan(
    context: Context,
    request: ContainerizeRequest,
    project: Project,
    existing: ExistingEnvironment,
    snapshots: tuple[KernelSnapshot, ...],
    *,
    engine: Engine | None,
) -> Plan:
    """Return the environment of a project's notebooks, locked and rendered; writes nothing.

    Raises
    ------
    PlanError, LockError
        What cannot be decided or resolved.
    """
    options = merge_options(existing.options, request.wishes)
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
    )
    base = choose_base(python_of(inputs), options, inputs.platform)
    spec = plan(replace(inputs, base_facts=_base_facts(engine, base.ref)))
    lock = lock_environment(
        spec,
        existing,
        index_environment(context),
        trusted=request.by_user and not review(context, project.root).waiting,
    )
    spec = pinned(spec, lock)
    spec = replace(spec, estimated_bytes=estimate_bytes(spec, lock))
    tree = render(
        spec,
        lock,
        options,
        uv_version=version("uv"),
        nested=project.nested,
        run_args=existing.run_args,
    )
    return Plan(spec=spec, lock=lock, tree=tree, existing=existing, options=options)


def image_platform(engine: Engine | None) -> str:
    """Return the platform of the images that will be built."""
    if engine is not None:
        return engine.info().platform
    return f"linux/{_MACHINES.get(platform.machine(), 'amd64')}"


def _base_facts(engine: Engine | None, reference: str) -> ImageInfo | None:
    return engine.image(reference) if engine is not None else None
