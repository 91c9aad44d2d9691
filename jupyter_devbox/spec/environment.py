"""Decisions with their reasons: plan's output, lock's and render's input."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from jupyter_devbox.spec.groups import ONLY, environment_title
from jupyter_devbox.spec.services import Service
from jupyter_devbox.spec.snapshot import InstalledDistribution, LocalModule, Source

Target = Literal["cpu", "cuda", "venv"]
TARGETS: tuple[Target, ...] = ("cpu", "cuda", "venv")
DirectReason = Literal["import", "install", "engine", "kernel", "option", "hand"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One choice the plan made: what it is about, what was chosen, and why."""

    what: str
    choice: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectRequirement:
    """One line of requirements.in.

    Parameters
    ----------
    name
        Normalised distribution name.
    extras
        Sorted extras.
    specifier
        PEP 440 specifier, such as ``==1.5.2`` or ``>=2``; "" when any version will do.
    firm
        Whether the specifier is the user's own word. One that merely repeats what happens to be
        installed may move, with a decision, when the image's Python or the index cannot have it.
    marker
        PEP 508 environment marker of the user's own, such as ``sys_platform == "linux"``; else "".
    allowed
        What the user's install line allows, such as ``>=2``: a version that moves stays within it.
    reason
        ``import``, ``install``, ``engine``: as captured; ``kernel``: needed to run any notebook;
        ``option``: asked for by ``--include``; ``hand``: a line the user wrote.
    detail
        What stands behind the reason: import names, a call.
    notebooks
        Project-relative paths of the notebooks that need it, sorted.
    source, url
        As captured; a requirement with a VCS, file or editable source becomes a wheel.
    indexes
        Where a local version (``==2.5.1+cu124``) is looked for, in this order and nowhere else;
        once locked, the index that has it. Without credentials.
    catalogued
        Whether `indexes` are the catalogue's own word: no file of the project named them.
    """

    name: str
    extras: tuple[str, ...] = ()
    specifier: str = ""
    firm: bool = False
    marker: str = ""
    allowed: str = ""
    reason: DirectReason = "import"
    detail: str = ""
    notebooks: tuple[str, ...] = ()
    source: Source = "index"
    url: str | None = None
    indexes: tuple[str, ...] = ()
    catalogued: bool = False

    @property
    def text(self) -> str:
        """The requirement as PEP 508 text, without URL."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        marker = f"; {self.marker}" if self.marker else ""
        return f"{self.name}{extras}{self.specifier}{marker}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AptPackage:
    """One Debian package of the image, why, and for which notebooks."""

    name: str
    reason: str
    notebooks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedModule:
    """A module from outside the project whose copy lies in a wheel, and for which notebooks."""

    name: str
    notebooks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImage:
    """The image that the Dockerfile starts from.

    Parameters
    ----------
    ref
        Name with a tag, such as ``python:3.11-slim-bookworm``.
    reason
        Why this one.
    python
        Full version of its Python, such as ``3.11.2``.
    platform
        ``linux/amd64`` or ``linux/arm64``.
    digest
        ``sha256:…`` if the engine reports it for this tag, else None.
    glibc
        Version of its C library, which decides the wheels that fit.
    """

    ref: str
    reason: str
    python: str
    platform: str = "linux/amd64"
    digest: str | None = None
    glibc: tuple[int, int] = (2, 36)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """A GPU runtime.

    Parameters
    ----------
    version
        Of CUDA, such as ``12.6``.
    driver_floor
        The lowest driver that it runs on.
    image
        NVIDIA's image whose CUDA libraries the box needs besides its wheels; "" for none.
    builder
        NVIDIA's image with the compiler that makes wheels for it; "" where all are there.
    image_bytes, builder_bytes
        Size of both on disk; 0 where there is none.
    """

    kind: Literal["cuda"]
    version: str
    driver_floor: str
    image: str = ""
    builder: str = ""
    image_bytes: int = 0
    builder_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSpec:
    """Everything that is decided before versions are locked.

    Parameters
    ----------
    project
        The project's name, as shown to the user.
    target
        ``cpu``, ``cuda`` or ``venv``.
    group
        The notebooks of the project that it is for; "" for all of them.
    python
        Minor version, such as ``3.11``.
    base_image
        See `BaseImage`; for ``venv`` it stands for the interpreter of this machine.
    requirements
        Direct requirements, sorted by name.
    preferences
        Versions to prefer where the resolution leaves a choice: what the kernel has.
    indexes
        This machine's index, without credentials; empty means uv's default.
    apt
        Debian packages, sorted by name.
    local_modules
        The captured notebooks' own modules; those inside the project are mounted.
    packed
        The modules from outside, sorted by name; one that only other notebooks need keeps the
        wheel that it has.
    notebooks
        Project-relative paths of the notebooks this environment serves.
    ports
        Ports to be forwarded.
    services
        Databases beside the box, in the catalogue's order.
    estimated_bytes
        Size of the image on disk, estimated; see `plan.estimate`.
    accelerator
        None for ``cpu`` and ``venv``.
    decisions
        In the order in which they are shown.
    links
        Folders of this machine whose wheels and source archives stand in for what no index has.
    """

    project: str
    target: Target
    python: str
    base_image: BaseImage
    requirements: tuple[DirectRequirement, ...] = ()
    preferences: tuple[InstalledDistribution, ...] = field(default=(), repr=False)
    indexes: tuple[str, ...] = ()
    apt: tuple[AptPackage, ...] = ()
    local_modules: tuple[LocalModule, ...] = ()
    packed: tuple[PackedModule, ...] = ()
    notebooks: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    services: tuple[Service, ...] = ()
    estimated_bytes: int = 0
    accelerator: Accelerator | None = None
    decisions: tuple[Decision, ...] = ()
    group: str = ONLY
    links: tuple[str, ...] = field(default=(), repr=False)

    @property
    def title(self) -> str:
        """What the environment is called where people see it: ``digits``, ``digits/train``."""
        return environment_title(self.project, self.group)

    def to_json(self) -> dict[str, Any]:
        """Return the object of `jupyter devbox plan --json` (DESIGN, contracts)."""
        accelerator = self.accelerator and {
            "kind": self.accelerator.kind,
            "version": self.accelerator.version,
            "driver_floor": self.accelerator.driver_floor,
        }
        return {
            **({"group": self.group} if self.group else {}),
            "target": self.target,
            "python": self.python,
            "base_image": {"ref": self.base_image.ref, "reason": self.base_image.reason},
            "requirements": [r.text for r in self.requirements],
            "indexes": list(
                dict.fromkeys([*self.indexes, *(i for r in self.requirements for i in r.indexes)])
            ),
            "apt": [a.name for a in self.apt],
            "services": [s.name for s in self.services],
            "accelerator": accelerator,
            "estimated_bytes": self.estimated_bytes,
            "decisions": [
                {"what": d.what, "choice": d.choice, "reason": d.reason} for d in self.decisions
            ],
        }
