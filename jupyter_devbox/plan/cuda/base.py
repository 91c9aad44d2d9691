"""Which nvidia/cuda image the environment starts from, if any, and which one makes its wheels."""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_devbox.errors import PlanError
from jupyter_devbox.plan.cuda.draft import Draft, Stack
from jupyter_devbox.plan.cuda.machine import Machine, major, numbers, reaches
from jupyter_devbox.spec.catalogue import CudaBase, CudaImage

_STRENGTH: dict[CudaBase, int] = {"slim": 0, "runtime": 1, "cudnn-runtime": 2}
_OWN_PYTHON = {"3.10": "22.04", "3.12": "24.04"}
"""Ubuntu's own Python (packages.ubuntu.com, `python3`): then the image needs no second one."""
_OLDEST_LIBRARY = "22.04"
"""Its C library, 2.35, is not newer than bookworm's 2.36, where the wheels shall run."""


def choose_image(draft: Draft, machine: Machine) -> tuple[CudaBase, str]:
    """Return the kind of base and its image, and leave a decision.

    Raises
    ------
    PlanError
        Two packages need images that one cannot be, or there is none.
    """
    needing = [stack for stack in draft.stacks if stack.base != "slim"]
    if not needing:
        draft.decide(
            "base", "slim Python image", "the wheels bring CUDA; the driver comes at start"
        )
        return "slim", ""
    kind = max((stack.base for stack in needing), key=lambda base: _STRENGTH[base])
    wanted = max((stack.cuda for stack in needing), key=lambda cuda: (len(numbers(cuda)), cuda))
    strangers = [s for s in needing if not f"{wanted}.".startswith(f"{s.cuda}.")]
    if strangers:
        first = next(stack for stack in needing if stack.cuda == wanted)
        message = (
            f"{first.package} needs an image with CUDA {first.cuda}, and "
            f"{strangers[-1].package} one with `{strangers[-1].cuda}`"
        )
        raise PlanError(message, hint=f"--exclude {strangers[-1].package}, or pin another release")
    able = [i for i in machine.catalogue.images if i.kind == kind and _is(i, wanted)]
    image = _newest(able, machine, _OWN_PYTHON.get(machine.python, ""))
    if image is None:
        message = f"No nvidia/cuda image of this kind is known: `{wanted} {kind}`"
        raise PlanError(message, hint="take the CPU image: --target cpu")
    names = ", ".join(stack.package for stack in needing)
    parts = "CUDA and cuDNN" if kind == "cudnn-runtime" else "CUDA"
    ref = f"nvidia/cuda:{image.tag}"
    why = f"{names} brings no {parts}, and this image has it"
    twice = [s.package for s in draft.stacks if s.base == "slim" and not s.linked and not s.nvcc]
    if twice:
        why += f"; {', '.join(twice)} brings its own CUDA besides"
    draft.decide("base", ref, why)
    return kind, ref


def choose_builder(draft: Draft, machine: Machine) -> str:
    """Return the image that makes wheels, "" where none is made, and leave a decision.

    It has the CUDA that torch has: a wheel made with another does not load beside it.
    """
    needing = [stack for stack in draft.stacks if stack.nvcc]
    if not needing:
        return ""
    cuda = needing[0].cuda
    devel = [i for i in machine.catalogue.images if i.kind == "cudnn-devel"]
    image = _newest([i for i in devel if _is(i, cuda)], machine, _OLDEST_LIBRARY)
    if image is None or image.ubuntu > _OLDEST_LIBRARY:
        message = f"No image has the compiler of the CUDA that torch was built with: `{cuda}`"
        raise PlanError(message, hint=f"--exclude {needing[0].package}, or pin another torch")
    names = ", ".join(stack.package for stack in needing)
    ref = f"nvidia/cuda:{image.tag}"
    draft.decide("builder", ref, f"{names} has no wheel: nvcc makes one, the image keeps only that")
    return ref


def _is(image: CudaImage, wanted: str) -> bool:
    return image.cuda == wanted or major(image.cuda) == wanted


def _newest(images: Iterable[CudaImage], machine: Machine, ubuntu: str) -> CudaImage | None:
    """Return the newest CUDA that the driver came with or outdates, else the oldest there is.

    Such an image refuses an older driver at start (its ``NVIDIA_REQUIRE_CUDA``), even one that runs
    the same major version's wheels.
    """
    ranked = sorted(images, key=lambda i: (numbers(i.cuda), i.ubuntu == ubuntu, i.ubuntu))
    native = [i for i in ranked if _native(i, machine)]
    oldest = [image for image in ranked if image.cuda == ranked[0].cuda]
    return next(reversed(native or oldest), None)


def _native(image: CudaImage, machine: Machine) -> bool:
    if not machine.host.driver:
        return True
    rows = (d for d in machine.catalogue.drivers if d.cuda == image.cuda)
    return any(reaches(machine.host.driver, driver.released_with) for driver in rows)


def download_bytes(stacks: Iterable[Stack]) -> int | None:
    """Return what all stacks download; None if one is not known."""
    sizes = [stack.download_bytes for stack in stacks]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None
