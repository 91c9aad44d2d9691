"""What the project already has, read from its files: plan's second input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_devbox.spec.compose import OwnCompose
from jupyter_devbox.spec.container import Limits
from jupyter_devbox.spec.environment import AptPackage, DirectRequirement, PackedModule, Target
from jupyter_devbox.spec.gpu import GpuRequest
from jupyter_devbox.spec.gpu_words import parse_gpus
from jupyter_devbox.spec.groups import Group
from jupyter_devbox.spec.limit_words import LIMIT_NAMES, read_words
from jupyter_devbox.spec.lock import WheelFile
from jupyter_devbox.spec.run_args import read_gpus, read_limits


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectOptions:
    """What the user asked for, remembered under ``customizations.jupyter_devbox``.

    Parameters
    ----------
    include
        Requirements to add, PEP 508 without URL.
    exclude
        Distribution names to leave out.
    drop
        Names that are no longer in `include`, by this run; never remembered.
    apt
        Debian packages to add.
    exclude_apt
        Debian packages to leave out.
    python
        Minor version, such as ``3.12``; "" follows the kernel.
    base
        Base image name with tag; "" lets the plan choose.
    ports
        Ports to be forwarded.
    pack
        Modules from outside the project whose copy the user agreed to.
    provides
        Answers to imports that were not found: ``cv2=opencv-python``.
    isolation
        ``kernel`` gives each kernel a container of its own; "" and ``box`` share one.
    idle
        How long a box in which nothing runs goes on, such as ``30m``; ``0`` for ever; "" for an
        hour.
    gpus
        Graphics cards of the CUDA box: ``all``, ``0``, ``0,1``, ``1:0`` (MIG), ``GPU-…``; "" is
        all.
    memory
        The box's memory limit, such as ``4g``; "" leaves it and ``off`` takes it away. It is
        remembered as ``--memory`` in ``runArgs``, where every reader of devcontainer.json finds
        it; where Compose starts the box, it is remembered here and stands in the Compose file.
    cpus, shm_size, pids
        Its other limits, likewise: CPUs, shared memory, processes with their threads.
    services
        Databases beside the box, such as ``postgres``.
    exclude_services
        Those that are dropped by this run; never remembered.
    binder
        Files for Binder: ``dockerfile`` or ``buildpack``; "" for none, and ``off``, which is never
        remembered, for none any more.
    slim
        ``on`` leaves out of the images what nothing needs at run time: tests, static libraries,
        documents; "" keeps it, and so does ``off``, which is never remembered.
    wheels
        Wheels of packages that no index has: paths when they are asked for, remembered as the names
        of files in `.devcontainer/wheels/`.
    find_links
        Folders of wheels and source archives of which the lock takes what no index has: paths when
        they are asked for; ``wheels`` is remembered, the folder where what was taken lies.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    apt: tuple[str, ...] = ()
    exclude_apt: tuple[str, ...] = ()
    python: str = ""
    base: str = ""
    ports: tuple[int, ...] = ()
    pack: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    isolation: str = ""
    idle: str = ""
    gpus: str = ""
    memory: str = ""
    cpus: str = ""
    shm_size: str = ""
    pids: str = ""
    services: tuple[str, ...] = ()
    exclude_services: tuple[str, ...] = ()
    binder: str = ""
    slim: str = ""
    wheels: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()

    @property
    def limits(self) -> dict[str, str]:
        """The limits among them, by their names here; those that say nothing are left out."""
        words = {name: getattr(self, name) for name in LIMIT_NAMES}
        return {name: text for name, text in words.items() if text}

    def limited(self, words: Mapping[str, str]) -> ProjectOptions:
        """Return the same with these limits in place of those that it has."""
        return replace(
            self,
            memory=words.get("memory", ""),
            cpus=words.get("cpus", ""),
            shm_size=words.get("shm_size", ""),
            pids=words.get("pids", ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingEnvironment:
    """What `.devcontainer/` says before this run.

    Parameters
    ----------
    requirements
        Lines of requirements.in, the user's own among them (reason ``hand``).
    apt
        Packages with their notebooks.
    packed, wheels
        Modules from outside the project, and the wheels that hold them.
    options
        Remembered options.
    locked
        Name → version of the existing lock.
    stable
        Names in its stable group.
    common
        Name → version of what all environments of the project have in common.
    inputs
        Digest of what it was resolved from; "" when there is none.
    python
        Full Python version that the existing lock is for; "" when there is none.
    notebooks
        Notebooks of the environment that still exist.
    configuration
        The target's parsed devcontainer.json; empty when there is none.
    compose
        The user's own Compose files, where the box is a service of theirs; else None.
    service_names
        Services that the user wrote beside ours → the file that they stand in.
    groups
        The project's groups, the one that clients open by default first; () for one environment.
    twin, twin_stages
        Whether the environment has a CUDA twin, and whether the Dockerfile holds stages for that
        alone.
    """

    requirements: tuple[DirectRequirement, ...] = ()
    apt: tuple[AptPackage, ...] = ()
    packed: tuple[PackedModule, ...] = ()
    wheels: tuple[WheelFile, ...] = ()
    options: ProjectOptions = field(default_factory=ProjectOptions)
    locked: Mapping[str, str] = field(default_factory=dict)
    stable: frozenset[str] = frozenset()
    common: Mapping[str, str] = field(default_factory=dict)
    inputs: str = ""
    python: str = ""
    notebooks: tuple[str, ...] = ()
    configuration: Mapping[str, Any] = field(default_factory=dict)
    compose: OwnCompose | None = None
    service_names: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    twin: bool = False
    twin_stages: bool = False

    @property
    def run_args(self) -> Sequence[object]:
        """What stands under `runArgs`; () for what is no list."""
        arguments = self.configuration.get("runArgs")
        return arguments if isinstance(arguments, list) else ()

    @property
    def limits(self) -> Limits:
        """The box's limits: Compose passes over `runArgs`, so that they stand in the options.

        Raises
        ------
        ConfigurationError
            One is not well formed.
        """
        composed = "dockerComposeFile" in self.configuration
        return read_words(self.options.limits) if composed else read_limits(self.run_args)

    def gpus(self, target: Target) -> GpuRequest | None:
        """Return the cards that a box asks for: all for CUDA, but for what the user says.

        Raises
        ------
        ConfigurationError
            What the project remembers of them is not well formed.
        """
        if target == "cuda" and self.options.gpus:
            return parse_gpus(self.options.gpus)
        return read_gpus(self.run_args) or (GpuRequest() if target == "cuda" else None)
