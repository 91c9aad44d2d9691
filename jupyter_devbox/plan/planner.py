"""Snapshots, what the project has, and the user's wishes → one environment."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field, replace

from jupyter_devbox.errors import PlanError
from jupyter_devbox.plan.base_image import choose_base, with_facts
from jupyter_devbox.plan.c_library import with_library
from jupyter_devbox.plan.cuda import Accelerated, Cells
from jupyter_devbox.plan.for_target import for_target
from jupyter_devbox.plan.modules import unite_modules
from jupyter_devbox.plan.requirements import installed_version, public_specifier, unite
from jupyter_devbox.plan.services import choose_services, say_services
from jupyter_devbox.plan.system_packages import unite_apt
from jupyter_devbox.spec.catalogue import Catalogue
from jupyter_devbox.spec.container import ImageInfo
from jupyter_devbox.spec.environment import (
    Decision,
    DirectRequirement,
    EnvironmentSpec,
    PackedModule,
    Target,
)
from jupyter_devbox.spec.given import GivenWheel
from jupyter_devbox.spec.gpu import GpuHost
from jupyter_devbox.spec.groups import ONLY
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.snapshot import (
    CapturedRequirement,
    InstalledDistribution,
    KernelSnapshot,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInputs:
    """All that `plan` looks at.

    Parameters
    ----------
    project
        Name to be shown.
    target
        What the environment is for.
    group
        The group of notebooks that it is for; "" for all.
    snapshots
        Captures of this run, at least one; of a group, those of its notebooks.
    existing
        What the project's files say.
    options
        Remembered and asked options, merged by `plan.options.merge_options`.
    platform
        Of the images the engine runs, or of this machine.
    base_facts
        What the engine knows of the base image; None when it has it not or none was asked.
    python
        The version that all groups of a split project get, for they share layers; "" follows the
        kernels.
    fallback_python
        Python version where no snapshot knows one.
    indexes
        This machine's index, without credentials.
    more_indexes
        Further ones that it is set to use: asked for local versions alone.
    catalogue
        What is known of CUDA builds; None leaves every requirement in the build that it has.
    host
        Driver and cards of the machine that the CUDA target is for.
    twin_lines
        Lines of the CUDA target's own file.
    wheels
        Those that the user gave.
    links
        See `EnvironmentSpec.links`.
    """

    project: str
    target: Target
    snapshots: tuple[KernelSnapshot, ...]
    group: str = ONLY
    python: str = ""
    existing: ExistingEnvironment = field(default_factory=ExistingEnvironment)
    options: ProjectOptions = field(default_factory=ProjectOptions)
    platform: str = "linux/amd64"
    base_facts: ImageInfo | None = None
    fallback_python: str = "3.11"
    indexes: tuple[str, ...] = ()
    more_indexes: tuple[str, ...] = ()
    catalogue: Catalogue | None = None
    host: GpuHost = field(default_factory=GpuHost)
    twin_lines: tuple[DirectRequirement, ...] = ()
    wheels: tuple[GivenWheel, ...] = ()
    links: tuple[str, ...] = ()


def python_of(inputs: PlanInputs) -> str:
    """Return the kernel's Python version: as captured, else as locked, else this machine's."""
    if inputs.python:
        return inputs.python
    known = [snapshot.python for snapshot in inputs.snapshots if snapshot.python]
    return known[-1] if known else inputs.existing.python or inputs.fallback_python


def plan(inputs: PlanInputs) -> EnvironmentSpec:
    """Return the environment's decisions; same input, same value.

    Raises
    ------
    PlanError
        No base image fits, or an option is not well formed.
    """
    _check_names(inputs)
    kernel_python = python_of(inputs)
    base = choose_base(kernel_python, inputs.options, inputs.platform)
    base, origin = with_facts(base, inputs.base_facts)
    base, library = with_library(base, inputs.base_facts)
    requirements, decisions = unite(
        inputs.snapshots,
        _with_own_lines(inputs),
        inputs.options,
        (*inputs.more_indexes, *inputs.indexes),
        inputs.wheels,
    )
    preferences = _preferences(inputs)
    built = Accelerated(requirements=requirements)
    if inputs.catalogue:
        built = for_target(
            inputs.target,
            requirements,
            base,
            catalogue=inputs.catalogue,
            host=inputs.host,
            installed={d.name: d.version for d in preferences},
            own=inputs.twin_lines,
            cells=_cells(inputs.snapshots),
        )
    apt = unite_apt(inputs.snapshots, inputs.existing, inputs.options)
    minor = ".".join(base.python.split(".")[:2])
    modules, packed = unite_modules(inputs.snapshots, inputs.existing, inputs.options)
    about = (
        Decision(what="python", choice=base.python, reason=_python_reason(inputs, origin)),
        Decision(what="base image", choice=base.ref, reason=base.reason),
        *library,
    )
    known = inputs.catalogue.services if inputs.catalogue else ()
    services = choose_services(inputs.options, inputs.existing, known)
    notebooks = {snapshot.notebook for snapshot in inputs.snapshots} | set(
        inputs.existing.notebooks
    )
    return EnvironmentSpec(
        project=inputs.project,
        target=inputs.target,
        group=inputs.group,
        python=minor,
        base_image=base,
        requirements=built.requirements,
        preferences=preferences,
        indexes=inputs.indexes,
        apt=apt,
        local_modules=modules,
        packed=packed,
        notebooks=tuple(sorted(name for name in notebooks if name)),
        ports=inputs.options.ports,
        services=services,
        links=inputs.links,
        accelerator=built.accelerator
        and replace(
            built.accelerator,
            image=built.image,
            builder=built.builder,
            image_bytes=built.image_bytes,
            builder_bytes=built.builder_bytes,
        ),
        decisions=(
            *about,
            *(_requirement_decision(r, inputs) for r in built.requirements),
            *decisions,
            *built.decisions,
            *_local_versions(inputs, {r.name for r in built.requirements if not r.indexes}),
            *(Decision(what=a.name, choice="apt", reason=a.reason) for a in apt),
            *(_packed_decision(module) for module in packed),
            *say_services(services, known, inputs.snapshots),
        ),
    )


def _with_own_lines(inputs: PlanInputs) -> ExistingEnvironment:
    """Return what the project has, with what stands in the twin's file alone.

    A package without a build for the CPU is in no other file; another notebook may still need it.
    """
    named = {line.name for line in inputs.existing.requirements}
    alone = (line for line in inputs.twin_lines if line.name not in named and line.reason != "hand")
    return replace(inputs.existing, requirements=(*inputs.existing.requirements, *alone))


def _check_names(inputs: PlanInputs) -> None:
    """Refuse names that no JSON reader takes: those of files in another encoding than UTF-8."""
    for name in (inputs.project, *(snapshot.notebook for snapshot in inputs.snapshots)):
        if any("\ud800" <= character <= "\udfff" for character in name):
            readable = name.encode(errors="backslashreplace").decode()
            message = f"This name is not UTF-8: `{readable}`"
            raise PlanError(message, hint="rename it, then containerize again")


def _python_reason(inputs: PlanInputs, origin: str) -> str:
    own = python_of(replace(inputs, python=""))
    if inputs.python and own.split(".")[:2] != inputs.python.split(".")[:2]:
        return f"all environments of a split project have one Python; the kernel runs {own}"
    return f"the kernel runs {own}; {origin}"


def _preferences(inputs: PlanInputs) -> tuple[InstalledDistribution, ...]:
    """Return what the captured kernels have; the last capture wins."""
    preferences = {d.name: d for snapshot in inputs.snapshots for d in snapshot.installed}
    return tuple(preferences[name] for name in sorted(preferences))


def _cells(snapshots: Iterable[KernelSnapshot]) -> Cells:
    """Return where the captured notebooks name their packages."""
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for snapshot in snapshots:
        for captured in snapshot.requirements:
            if captured.cells and snapshot.notebook:
                found.setdefault(captured.name, {})[snapshot.notebook] = captured.cells
    return found


def _requirement_decision(requirement: DirectRequirement, inputs: PlanInputs) -> Decision:
    installed = {d.name for snapshot in inputs.snapshots for d in snapshot.installed}
    lost = {r.name: r.lost for s in inputs.snapshots for r in s.requirements if r.lost}
    where = ", ".join(requirement.notebooks)
    reason = f"{requirement.reason}: {requirement.detail}" + (f" ({where})" if where else "")
    if requirement.url and requirement.reason == "option":
        reason += ", copied"
    elif requirement.url:
        reason += "; built into a wheel from where it was installed"
    elif requirement.name in lost:
        reason += f"; {lost[requirement.name]}, so the index's version is taken"
    elif requirement.name in installed and not requirement.firm:
        reason += "; the version that the kernel has"
    return Decision(what=requirement.name, choice=requirement.text, reason=reason)


def _packed_decision(module: PackedModule) -> Decision:
    where = ", ".join(module.notebooks)
    reason = f"your module from outside the project ({where}), copied as you agreed"
    return Decision(what=module.name, choice=f"{module.name}, as a wheel", reason=reason)


def _local_versions(inputs: PlanInputs, planned: Container[str]) -> Iterator[Decision]:
    """Say where a local version (`2.0.0+cu124`) gives way to the public one.

    `planned` are the names that no index of their own is asked for.
    """
    said: set[Decision] = set()
    for snapshot in inputs.snapshots:
        for captured in snapshot.requirements:
            if captured.name not in planned or captured.source != "index":
                continue
            text = captured.version or captured.specifier
            if "+" not in text:
                continue
            version = installed_version(captured.version)
            decision = Decision(
                what=captured.name,
                choice=version.public if version else public_specifier(captured.specifier),
                reason=_without_index(text, captured, snapshot),
            )
            if decision not in said:
                said.add(decision)
                yield decision


def _without_index(text: str, captured: CapturedRequirement, snapshot: KernelSnapshot) -> str:
    """Return why a local version's own index is not asked."""
    named = next((index for index in (captured.index, *snapshot.indexes) if index), "")
    if named and not captured.version:
        return f"{text} is not installed here: {named} is not asked on the notebook's word alone"
    return f"{text} is in no public index"


def pinned(spec: EnvironmentSpec, lock: Lock) -> EnvironmentSpec:
    """Return the environment with every direct requirement of ours pinned as it was locked.

    The user's own lines and words stay as they are. Of the indexes that were asked for a package
    the one that has it is left.
    """
    locked = {package.name: package for package in lock.packages}
    requirements = tuple(
        replace(
            r,
            specifier=f"=={locked[r.name].version}",
            indexes=tuple(filter(None, [locked[r.name].index])),
        )
        if r.reason != "hand" and not r.firm and r.name in locked
        else r
        for r in spec.requirements
    )
    return replace(spec, requirements=requirements, decisions=(*spec.decisions, *lock.decisions))
