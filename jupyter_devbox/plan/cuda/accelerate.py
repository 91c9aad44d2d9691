"""From an environment to its CUDA twin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from jupyter_devbox.plan.cuda.accelerated import Accelerated
from jupyter_devbox.plan.cuda.base import choose_builder, choose_image, download_bytes
from jupyter_devbox.plan.cuda.draft import NO_CELLS, Cells, Draft
from jupyter_devbox.plan.cuda.jax import accelerate_jax
from jupyter_devbox.plan.cuda.machine import (
    Machine,
    check_driver,
    gigabytes,
    major,
    numbers,
    reaches,
)
from jupyter_devbox.plan.cuda.parts import drop_parts
from jupyter_devbox.plan.cuda.tensorflow import accelerate_tensorflow
from jupyter_devbox.plan.cuda.torch_family import accelerate_torch
from jupyter_devbox.plan.cuda.twins import accelerate_twins
from jupyter_devbox.spec.catalogue import Catalogue
from jupyter_devbox.spec.container import EMPTY
from jupyter_devbox.spec.environment import Accelerator, DirectRequirement
from jupyter_devbox.spec.gpu import GpuHost
from jupyter_devbox.spec.written import NVIDIA_VARIABLES


def accelerate(
    requirements: tuple[DirectRequirement, ...],
    *,
    python: str,
    platform: str,
    host: GpuHost,
    catalogue: Catalogue,
    installed: Mapping[str, str] = EMPTY,
    cells: Cells = NO_CELLS,
) -> Accelerated:
    """Return the CUDA twin of an environment for a machine; it need not be this one.

    Versions stay: what changes is name, extra, build and index. Where the driver is not known the
    newest usual builds are taken, and which driver they need is said.

    Parameters
    ----------
    requirements
        Of the CPU environment, or of a notebook whose kernel runs CUDA packages.
    python
        Minor version, such as ``3.11``.
    platform
        ``linux/amd64`` or ``linux/arm64``.
    installed
        Name → version of what the notebook's kernel has.
    cells
        Where the notebooks name their packages, for the reasons.

    Raises
    ------
    NoCudaError
        Nothing that the notebook uses has a build for this driver, card, Python or platform.
    PlanError
        The driver's version is none, or two packages need images that one cannot be.
    RequirementError
        A version is the user's own word and does not go with the rest.
    """
    check_driver(host.driver)
    machine = Machine(python=python, platform=platform, host=host, catalogue=catalogue)
    draft = Draft.of(requirements, cells)
    accelerate_torch(draft, machine, installed)
    accelerate_tensorflow(draft, machine)
    accelerate_jax(draft, machine)
    accelerate_twins(draft, machine)
    drop_parts(draft, catalogue)
    _keep_tensorboard(draft, installed)
    if not draft.stacks:
        draft.decide("CUDA", "not used", "nothing that the notebooks import has a CUDA build")
        return Accelerated(requirements=draft.requirements, decisions=tuple(draft.decisions))
    accelerator = _accelerator(draft, machine)
    base, image = choose_image(draft, machine)
    builder = choose_builder(draft, machine)
    sizes = dict(catalogue.image_bytes)
    _warn_of_two(draft)
    return Accelerated(
        requirements=draft.requirements,
        accelerator=accelerator,
        base=base,
        image=image,
        builder=builder,
        env=NVIDIA_VARIABLES,
        decisions=tuple(draft.decisions),
        download_bytes=download_bytes(draft.stacks),
        image_bytes=sizes[base] if image else 0,
        builder_bytes=sizes["devel"] if builder else 0,
    )


def _accelerator(draft: Draft, machine: Machine) -> Accelerator:
    """Return the CUDA of the first package, and the driver that all need, with a decision."""
    floor = max((machine.floor(stack.cuda) for stack in draft.stacks), key=numbers)
    first = draft.first or draft.stacks[0]
    host = machine.host
    if not host.driver:
        reason = "no driver is known here: it builds, and runs on a machine with such a driver"
        draft.decide("driver", f"{floor} or newer", reason)
    elif reaches(host.driver, floor):
        read = f", read from {host.origin}" if host.origin else ""
        draft.decide("driver", host.driver, f"{floor} or newer is needed{read}")
    return Accelerator(kind="cuda", version=first.cuda, driver_floor=floor)


def _warn_of_two(draft: Draft) -> None:
    """Say where the image carries the libraries of two CUDA versions."""
    brought = [s for s in draft.stacks if s.base == "slim" and not s.linked]
    majors = sorted({major(stack.cuda) for stack in brought})
    if len(majors) < 2:
        return
    parts = []
    for number in majors:
        stacks = [stack for stack in brought if major(stack.cuda) == number]
        size = download_bytes(stacks)
        names = ", ".join(stack.package for stack in stacks)
        parts.append(f"{names} brings CUDA {number}{f' ({gigabytes(size)})' if size else ''}")
    draft.decide("CUDA", " and ".join(majors), f"{'; '.join(parts)}: the image carries both")


def _keep_tensorboard(draft: Draft, installed: Mapping[str, str]) -> None:
    """Pin TensorBoard to the notebook's: it reads what another target's kernel wrote."""
    line = draft.lines.get("tensorboard")
    version = installed.get("tensorboard", "")
    if line is not None and not line.specifier and version:
        new = replace(line, specifier=f"=={version}")
        draft.change("tensorboard", new, "the notebook's own, in both targets")
