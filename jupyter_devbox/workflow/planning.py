"""Plan, lock and render: from facts to the files as they should be."""

from __future__ import annotations

import platform
from dataclasses import dataclass, replace
from importlib.metadata import version

from jupyter_devbox.catalogue import read_catalogue
from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import LockError, PlanError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.lock import dependents, lock_environment
from jupyter_devbox.plan import (
    PlanInputs,
    choose_base,
    doubles,
    estimate_bytes,
    merge_options,
    pinned,
    plan,
    python_of,
    say_doubles,
)
from jupyter_devbox.render import render
from jupyter_devbox.spec.container import ImageInfo
from jupyter_devbox.spec.environment import EnvironmentSpec, Target
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.spec.tree import RenderedTree
from jupyter_devbox.workflow.binder import BinderPlan, plan_binder
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.gpu_host import gpu_host
from jupyter_devbox.workflow.index import index_environment, machine_index, more_indexes
from jupyter_devbox.workflow.requests import ContainerizeRequest
from jupyter_devbox.workflow.trusting import review

_MACHINES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """A project's CUDA environment.

    Parameters
    ----------
    spec
        None where nothing fits; what cannot be had is in `problem`.
    lock
        None where it could not be locked.
    """

    spec: EnvironmentSpec | None = None
    lock: Lock | None = None
    problem: PlanError | LockError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An environment with its lock and its files; `twin` and `binder` are None for none."""

    spec: EnvironmentSpec
    lock: Lock
    tree: RenderedTree
    existing: ExistingEnvironment
    options: ProjectOptions
    twin: Twin | None = None
    binder: BinderPlan | None = None

    def for_target(self, target: Target) -> tuple[EnvironmentSpec, Lock]:
        """Return what a target is made from.

        Raises
        ------
        PlanError, LockError
            It cannot be had.
        """
        if target != "cuda":
            return self.spec, self.lock
        if self.twin is None or self.twin.spec is None or self.twin.lock is None:
            raise (self.twin and self.twin.problem) or PlanError("Nothing was planned for CUDA")
        return self.twin.spec, self.twin.lock


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

    A project that has a CUDA twin, or is asked for one, has both planned: they stay in step.

    Raises
    ------
    PlanError, LockError
        What cannot be decided or resolved; for CUDA that is left to who needs it.
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
        catalogue=read_catalogue(),
    )
    base = choose_base(python_of(inputs), options, inputs.platform)
    inputs = replace(inputs, base_facts=_base_facts(engine, base.ref))
    trusted = request.by_user and not review(context, project.root).waiting
    spec, lock = _locked(context, plan(inputs), existing, trusted=trusted)
    twin, twin_run_args = None, existing.run_args
    if "cuda" in request.targets or existing.twin:
        own = read_environment(project.root, "cuda")
        host = request.gpu_host or gpu_host(context, engine)
        inputs = replace(inputs, target="cuda", host=host, twin_lines=own.requirements)
        twin = _twin(context, inputs, own, trusted=trusted)
        twin_run_args = own.run_args
    binder = plan_binder(
        project,
        spec,
        lock,
        options,
        asked=request.wishes.binder,
        index=index_environment(context),
        trusted=trusted,
    )
    tree = render(
        spec,
        lock,
        options,
        uv_version=version("uv"),
        twin=(twin.spec, twin.lock) if twin and twin.spec and twin.lock else None,
        nested=project.nested,
        run_args=existing.run_args,
        twin_run_args=twin_run_args,
        own=existing.compose,
        binder=binder.files if binder else (),
    )
    return Plan(
        spec=spec,
        lock=lock,
        tree=tree,
        existing=existing,
        options=options,
        twin=twin,
        binder=binder,
    )


def _twin(
    context: Context, inputs: PlanInputs, existing: ExistingEnvironment, *, trusted: bool
) -> Twin:
    """Return the CUDA environment as far as it can be had here."""
    try:
        spec = plan(inputs)
    except PlanError as problem:
        return Twin(problem=problem)
    try:
        spec, lock = _locked(context, spec, existing, trusted=trusted)
    except LockError as problem:
        return Twin(spec=spec, problem=problem)
    return Twin(spec=spec, lock=lock)


def _locked(
    context: Context, spec: EnvironmentSpec, existing: ExistingEnvironment, *, trusted: bool
) -> tuple[EnvironmentSpec, Lock]:
    """Return an environment with its lock, its pins those of the lock."""
    index = index_environment(context)
    lock = lock_environment(spec, existing, index, trusted=trusted)
    twice = doubles({p.name for p in lock.packages}, read_catalogue())
    if twice:
        said = say_doubles(twice, spec.requirements, dependents(spec, lock, index))
        lock = replace(lock, decisions=(*lock.decisions, *said))
    spec = pinned(spec, lock)
    return replace(spec, estimated_bytes=estimate_bytes(spec, lock)), lock


def image_platform(engine: Engine | None) -> str:
    """Return the platform of the images that will be built."""
    if engine is not None:
        return engine.info().platform
    return f"linux/{_MACHINES.get(platform.machine(), 'amd64')}"


def _base_facts(engine: Engine | None, reference: str) -> ImageInfo | None:
    return engine.image(reference) if engine is not None else None
