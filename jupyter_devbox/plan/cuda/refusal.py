"""Why there is no CUDA build for this machine, and what would do instead."""

from __future__ import annotations

from jupyter_devbox.errors import NoCudaError
from jupyter_devbox.plan.cuda.machine import Machine, numbers
from jupyter_devbox.plan.cuda.torch_builds import (
    TorchBuild,
    builds,
    cards_served,
    choose_build,
    newest,
)
from jupyter_devbox.spec.catalogue import TorchRelease
from jupyter_devbox.spec.environment import DirectRequirement

CPU = "take the CPU image: --target cpu"
"""What always does, as a hint."""


def refused_torch(line: DirectRequirement, release: TorchRelease, machine: Machine) -> NoCudaError:
    """Return why no build of a pinned torch runs."""
    torch = f"torch {release.torch}"
    if machine.python not in release.python:
        message = f"There is no {torch} for Python `{machine.python}`"
    elif not builds(release, machine):
        message = f"{torch} has CPU wheels alone for 64-bit ARM: `{machine.platform}`"
    elif choose_build(release, machine, drives=False) is None:
        names = ", ".join(name for _, name in machine.cards)
        message = f"No build of {torch} has code for `{names}`"
    else:
        needed = _driver_for(release, machine)
        message = (
            f"Driver {machine.host.driver} is too old for {torch}, which needs at least `{needed}`"
        )
        return _with_way_out(message, line, machine, update=needed)
    return _with_way_out(message, line, machine)


def refused_range(line: DirectRequirement, machine: Machine) -> NoCudaError:
    """Return why no torch at all, or none that the user's specifier takes, runs."""
    asked = f"torch {line.specifier}" if line.specifier else "any torch with CUDA"
    driver = f"driver {machine.host.driver}, " if machine.host.driver else ""
    cards = "".join(f"{name}, " for _, name in machine.cards)
    message = (
        f"No build of {asked} that is known runs with {driver}{cards}Python {machine.python}, "
        f"`{machine.platform}`"
    )
    return _with_way_out(message, line, machine)


def unknown_torch(line: DirectRequirement, version: str, machine: Machine) -> NoCudaError:
    """Return that the catalogue lacks a release."""
    message = f"It is not known which CUDA this torch is built for: `{version}`"
    return _with_way_out(message, line, machine, update="", unknown=True)


def _driver_for(release: TorchRelease, machine: Machine) -> str:
    """Return the oldest driver that would run any build of a release on this machine's cards."""
    able = [b for b in builds(release, machine) if not machine.cards or cards_served(b, machine)]
    return min((machine.floor(build.cuda) for build in able), key=numbers)


def _with_way_out(
    message: str,
    line: DirectRequirement,
    machine: Machine,
    *,
    update: str = "",
    unknown: bool = False,
) -> NoCudaError:
    found = newest(machine)
    ways = []
    if found is not None:
        ways.append(f"{_pin(line, found)} runs here, with CUDA {found.cuda}")
    if update:
        ways.append(f"update the driver to {update} or newer")
    if unknown:
        ways.append("a newer jupyter-devbox may know it: pip install -U jupyter-devbox")
    hint = f"{'; '.join(ways)}; or {CPU}" if ways else CPU
    alternative = f"torch=={found.release.torch}" if found is not None else ""
    return NoCudaError(message, hint=hint, alternative=alternative)


def _pin(line: DirectRequirement, build: TorchBuild) -> str:
    """Return how the user asks for another torch: where the pin stands."""
    text = f"torch=={build.release.torch}"
    return f"{text} in requirements.in" if line.reason == "hand" else f"--include {text}"


def refused_package(
    name: str, cuda: str, machine: Machine, hint: str = CPU, alternative: str = ""
) -> NoCudaError:
    """Return why a package's one CUDA does not run: the driver, or else the cards, are too old."""
    if not machine.drives(cuda):
        floor = machine.floor(cuda)
        driver = machine.host.driver
        message = f"Driver {driver} is too old for {name}, which needs at least `{floor}`"
        hint = f"update the driver to {floor} or newer; or {hint}"
    else:
        names = ", ".join(card for _, card in machine.cards)
        message = f"{name} is for CUDA {cuda}, which has no code for `{names}`"
    return NoCudaError(message, hint=hint, alternative=alternative)
