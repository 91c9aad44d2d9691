"""What is known of CUDA and of databases: which release of what goes with which other.

Versions are texts as their packages spell them, CUDA versions ``major.minor``; sizes are bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jupyter_devbox.spec.services import Service

CudaBase = Literal["slim", "runtime", "cudnn-runtime"]
"""``slim``: Python alone, wheels bring CUDA; else the kind of nvidia/cuda image that has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchRelease:
    """One release of torch.

    Parameters
    ----------
    python
        Minor versions that have wheels, oldest first.
    cuda
        What the wheel of the common index was built for, on x86-64.
    arm64
        Whether that holds for 64-bit ARM too; its wheel there is a CPU one otherwise.
    torchvision, torchaudio
        The releases that go with it.
    variants
        Tags that its own index has it for besides ``cpu`` (``cu126``), oldest first; None if
        nobody told.
    wheel_bytes, stack_bytes
        Downloads: its own wheel, and the CUDA libraries and triton that it needs; 0 if unknown.
    """

    torch: str
    python: tuple[str, ...]
    cuda: str
    arm64: bool
    torchvision: str
    torchaudio: str
    variants: tuple[str, ...] | None
    wheel_bytes: int
    stack_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorflowRelease:
    """One minor release of TensorFlow, by the newest patch that was looked at.

    Parameters
    ----------
    extra
        Whether ``[and-cuda]`` brings CUDA; where it does not, `why`.
    cuda, cudnn
        What it was built for.
    cuda_bytes, cpu_bytes
        Downloads of ``tensorflow[and-cuda]`` with all it needs, and of ``tensorflow-cpu``; 0 if
        unknown.
    """

    tensorflow: str
    python: tuple[str, ...]
    cuda: str
    cudnn: str
    extra: bool
    why: str
    cuda_bytes: int
    cpu_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JaxExtra:
    """An extra of a JAX release: the CUDA that it brings, or that a ``-local`` one needs."""

    name: str
    cuda: str
    download_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JaxRelease:
    """One release of JAX, its extras newest CUDA first."""

    jax: str
    python: tuple[str, ...]
    extras: tuple[JaxExtra, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One CUDA build of a package that has such builds by name or by extra.

    Parameters
    ----------
    name, extras
        What is installed.
    cuda
        Major version, or ``major.minor`` where an image must have just that; "" where it is
        torch's.
    since, before
        Releases that it holds for: from the first on, up to but without the second; "" for any.
    newest
        Taken where the notebook pins none; "" leaves it to the resolver.
    older
        Minor versions of Python that cannot have the newest, each with the newest that it can; ""
        for none.
    base
        What its image must bring.
    nvcc
        Whether there is no wheel, so that one is made by the CUDA compiler.
    linked
        Whether CUDA is part of its own library: then any other may stand beside it.
    arm64
        Whether there is one for 64-bit ARM.
    download_bytes
        With all it needs; 0 if unknown.
    """

    name: str
    cuda: str
    extras: tuple[str, ...] = ()
    since: str = ""
    before: str = ""
    newest: str = ""
    older: tuple[tuple[str, str], ...] = ()
    base: CudaBase = "slim"
    nvcc: bool = False
    linked: bool = False
    arm64: bool = True
    download_bytes: int = 0

    def newest_for(self, python: str) -> str:
        """Return what is taken unpinned with a minor version of Python; "" for none."""
        return dict(self.older).get(python, self.newest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """A package whose CPU and CUDA forms differ.

    Parameters
    ----------
    cpu
        Its name without CUDA; "" if it has no such form.
    cpu_since
        First release that exists under that name; "" for any.
    names
        Further names of its CUDA form, older ones whose releases are numbered otherwise: a build
        under one of them is taken only where it is there already.
    builds
        Its CUDA builds, newest CUDA first.
    asked_by
        Packages that ask for the form without CUDA by its name: beside them the CUDA form would be
        a second copy of the same module.
    """

    cpu: str
    builds: tuple[Build, ...]
    cpu_since: str = ""
    names: tuple[str, ...] = ()
    asked_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """A CUDA version: the driver it came with, and the oldest that runs it.

    The latter holds within a major version
    (docs.nvidia.com/deploy/cuda-compatibility, "minor version compatibility").
    """

    cuda: str
    released_with: str
    floor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cards:
    """Which compute capabilities torch's builds for one CUDA have code for.

    Parameters
    ----------
    tags
        Of the builds, such as ``cu126``.
    since, before
        Releases of torch that it holds for; "" for any.
    capabilities
        Oldest first; code for one runs on newer cards of the same major version.
    ptx
        Whether the newest is also there as PTX, which every newer card can run.
    """

    tags: tuple[str, ...]
    since: str
    before: str
    capabilities: tuple[str, ...]
    ptx: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CudaImage:
    """A tag of nvidia/cuda; `kind` is ``runtime``, ``cudnn-runtime`` or ``cudnn-devel``."""

    tag: str
    cuda: str
    kind: str
    ubuntu: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All of it; releases newest first.

    Parameters
    ----------
    image_bytes
        Kind of nvidia/cuda image → its size on disk.
    torch_index
        Address of torch's own index, ``{tag}`` standing for ``cpu`` or a CUDA tag.
    torch_dependents
        Packages that bring torch with them.
    torch_pins
        Package and release → the one release of torch that it wants.
    tensorflow_dependents
        Packages that ask for ``tensorflow`` by that name, so that ``tensorflow-cpu`` beside them
        would be a second copy of the same module.
    dropped
        Patterns of names of CUDA's own parts: what needs them brings them.
    brought
        Of these, what a framework pins exactly, so that it is dropped even where it is imported.
    minimum_capability
        CUDA major → the oldest compute capability that it knows.
    services
        Databases that can run beside a box, in the order in which they are listed.
    """

    torch: tuple[TorchRelease, ...]
    tensorflow: tuple[TensorflowRelease, ...]
    jax: tuple[JaxRelease, ...]
    twins: tuple[Twin, ...]
    drivers: tuple[Driver, ...]
    cards: tuple[Cards, ...]
    images: tuple[CudaImage, ...]
    image_bytes: tuple[tuple[str, int], ...]
    torch_index: str
    torch_dependents: tuple[str, ...]
    torch_pins: tuple[tuple[str, str, str], ...]
    tensorflow_dependents: tuple[str, ...]
    dropped: tuple[str, ...]
    brought: tuple[str, ...]
    minimum_capability: tuple[tuple[str, str], ...]
    services: tuple[Service, ...] = ()
