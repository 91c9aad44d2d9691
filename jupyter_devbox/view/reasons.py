"""Why something is in a plan, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_devbox.spec.environment import AptPackage, DirectRequirement
from jupyter_devbox.spec.snapshot import CapturedRequirement
from jupyter_devbox.view.units import listing


def why_package(requirement: DirectRequirement, captured: CapturedRequirement | None) -> str:
    """Return why a package is in the plan.

    Parameters
    ----------
    captured
        What the notebook at hand says of it; None where only others need it.
    """
    if requirement.reason == "hand":
        return "Your own line in requirements.in"
    if captured is not None:
        return why_captured(captured)
    if requirement.reason == "option":
        return "You added it"
    return f"For {listing(list(requirement.notebooks))}"


def why_captured(captured: CapturedRequirement) -> str:
    """Return why a notebook needs a package."""
    where = in_cells(captured.cells)
    if captured.reason == "install":
        return f"Installed{where}, never imported"
    if captured.reason == "engine":
        return (
            f"{listing(list(captured.imports))} loads it" if captured.imports else "Loaded by use"
        )
    return f"Imported{where}" if where else "Imported by your own files"


def why_apt(package: AptPackage) -> str:
    """Return why a Debian package is in the plan."""
    kind, _, detail = package.reason.partition(": ")
    if kind == "--apt":
        return "You added it"
    if kind == "!apt-get":
        return "The notebook installs it"
    return f"For {detail}" if detail else "For what the notebook runs"


def in_cells(cells: Iterable[int]) -> str:
    """Return `` in cell 3``, `` in cells 3 and 5``; "" for none."""
    numbers = [str(cell) for cell in cells]
    word = "cell" if len(numbers) == 1 else "cells"
    return f" in {word} {listing(numbers)}" if numbers else ""
