"""What came of planning for CUDA."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jupyter_devbox.spec.catalogue import CudaBase
from jupyter_devbox.spec.container import EMPTY
from jupyter_devbox.spec.environment import Accelerator, Decision, DirectRequirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerated:
    """An environment's CUDA twin.

    Parameters
    ----------
    requirements
        Direct requirements, sorted by name. A torch build from torch's own index is a local
        version with that index: ``==2.13.0+cu126``.
    accelerator
        None where nothing in it uses a GPU: then all else is as it was.
    base
        ``slim``: the Python base of the CPU image, as wheels bring CUDA; else what its image has.
    image
        That image, such as ``nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04``; "" for ``slim``. It
        has no Python of the wanted version.
    builder
        Image with the CUDA compiler, for a stage that makes wheels; "" where every wheel is there.
        Its C library is not newer than the slim base's, so that what it makes runs there.
    env
        Variables of the container.
    decisions
        Each choice with its reason, warnings among them.
    download_bytes
        What the GPU's packages download, from the catalogue; None if it does not know one of them.
        What two of them share counts twice.
    image_bytes, builder_bytes
        Size of `image` and `builder` on disk; 0 where there is none.
    """

    requirements: tuple[DirectRequirement, ...]
    accelerator: Accelerator | None = None
    base: CudaBase = "slim"
    image: str = ""
    builder: str = ""
    env: Mapping[str, str] = field(default=EMPTY)
    decisions: tuple[Decision, ...] = ()
    download_bytes: int | None = None
    image_bytes: int = 0
    builder_bytes: int = 0
