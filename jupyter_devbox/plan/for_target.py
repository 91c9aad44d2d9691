"""The same notebooks' requirements for another target: the CUDA twin, and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from jupyter_devbox.plan.cuda import NO_CELLS, Accelerated, Cells, accelerate, decelerate
from jupyter_devbox.spec.catalogue import Catalogue
from jupyter_devbox.spec.environment import BaseImage, DirectRequirement, Target
from jupyter_devbox.spec.gpu import GpuHost

_TORCH = {"torch", "torchvision", "torchaudio"}
_FROM_CPU = "your line in requirements.in"


def for_target(
    target: Target,
    requirements: tuple[DirectRequirement, ...],
    base: BaseImage,
    *,
    catalogue: Catalogue,
    host: GpuHost,
    installed: Mapping[str, str],
    own: Iterable[DirectRequirement] = (),
    cells: Cells = NO_CELLS,
) -> Accelerated:
    """Return requirements in the builds of a target, with what that needs.

    Parameters
    ----------
    installed
        Name → version of what the kernel has.
    own
        Lines that the user wrote for CUDA alone: they win.
    cells
        Where the captured notebooks name their packages, for the reasons.

    Raises
    ------
    PlanError
        No build fits the driver, the cards, Python or the platform.
    """
    python = ".".join(base.python.split(".")[:2])
    if target != "cuda":
        lines, decisions = decelerate(
            requirements,
            python=python,
            platform=base.platform,
            catalogue=catalogue,
            installed=installed,
            cells=cells,
        )
        return Accelerated(requirements=lines, decisions=decisions)
    by_hand = {line.name: line for line in own if line.reason == "hand"}
    united = {line.name: line for line in requirements} | by_hand
    made = accelerate(
        tuple(united[name] for name in sorted(united)),
        python=python,
        platform=base.platform,
        host=host,
        catalogue=catalogue,
        installed=installed,
        cells=cells,
    )
    settled = tuple(
        line
        if line.name in by_hand
        else _settled(line, changed=line.name in _TORCH or united.get(line.name) != line)
        for line in made.requirements
    )
    return replace(made, requirements=settled)


def _settled(line: DirectRequirement, *, changed: bool) -> DirectRequirement:
    """Return a line as it stands in the twin's file."""
    if line.reason == "hand":
        # What is the user's in the CPU's file is ours in this one: it follows that file.
        line = replace(line, reason="option", detail=_FROM_CPU)
    # Another version of what was chosen for a CUDA would be built for another one.
    return replace(line, firm=line.firm or (changed and bool(line.specifier)))
