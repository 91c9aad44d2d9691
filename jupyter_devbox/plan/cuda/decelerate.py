"""From an environment, CUDA packages and all, to one without CUDA."""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_devbox.plan.cuda.draft import NO_CELLS, Cells, Draft
from jupyter_devbox.plan.cuda.jax import decelerate_jax
from jupyter_devbox.plan.cuda.parts import drop_parts
from jupyter_devbox.plan.cuda.tensorflow import decelerate_tensorflow
from jupyter_devbox.plan.cuda.torch_family import decelerate_torch
from jupyter_devbox.plan.cuda.twins import decelerate_twins
from jupyter_devbox.spec.catalogue import Catalogue
from jupyter_devbox.spec.container import EMPTY
from jupyter_devbox.spec.environment import Decision, DirectRequirement


def decelerate(
    requirements: tuple[DirectRequirement, ...],
    *,
    python: str,
    platform: str,
    catalogue: Catalogue,
    installed: Mapping[str, str] = EMPTY,
    cells: Cells = NO_CELLS,
) -> tuple[tuple[DirectRequirement, ...], tuple[Decision, ...]]:
    """Return the requirements without CUDA, sorted by name, and why each changed.

    Of what this returns `accelerate` makes a twin that comes back here as the same.

    Parameters
    ----------
    python, platform, installed, cells
        As for `accelerate`.

    Raises
    ------
    RequirementError
        A version is the user's own word and does not go with the rest.
    """
    draft = Draft.of(requirements, cells)
    decelerate_torch(draft, installed, python=python, platform=platform, catalogue=catalogue)
    decelerate_tensorflow(draft, python=python, platform=platform, catalogue=catalogue)
    decelerate_jax(draft, catalogue)
    decelerate_twins(draft, catalogue)
    drop_parts(draft, catalogue)
    return draft.requirements, tuple(draft.decisions)
