"""What is asked of `containerize`, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_devbox.errors import DevboxError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.writer import Changes
from jupyter_devbox.plan.split import Savings
from jupyter_devbox.spec.container import ImageInfo
from jupyter_devbox.spec.environment import EnvironmentSpec, Target
from jupyter_devbox.spec.events import LogEvent, PhaseEvent
from jupyter_devbox.spec.gpu import GpuHost
from jupyter_devbox.spec.groups import ONLY, SplitWish
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.workflow.binder import BinderPlan
from jupyter_devbox.workflow.plans import EnvironmentPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerizeRequest:
    """One call of `containerize`.

    Parameters
    ----------
    notebooks
        Notebook files.
    snapshot
        What a running kernel said, for the first notebook; None when none is asked.
    snapshots
        What was captured before; those notebooks are not read again.
    project
        The project's folder; None finds it.
    targets
        What is made; ``cuda`` is planned in any case where the project has it.
    gpu_host
        Driver and cards of the machine that the CUDA target is for; None for this one.
    wishes
        Options of this call; they are remembered in the project.
    split
        What the user says of environments of their own for the notebooks; None for nothing. The
        notebooks that it names are paths, relative to the working folder.
    build
        Whether to go on after the files are written.
    dry_run
        Whether to stop before anything is written.
    strict
        Whether an unresolved import stops it.
    yes
        Takes every offered answer but trust's.
    by_user
        Whether the user asked; a box may ask for a plan too, and then no package's own code runs
        here to read what it needs.
    keep_mine
        Takes the plan where it and a hand-edited file disagree, and keeps that file beside it.
    agreed
        `Changes.digest` of what the user was shown: where it would be another, nothing is written.
        "" where nothing was shown.
    check
        Looks at what was planned before anything is written, and raises what stands in its way.
    """

    notebooks: tuple[Path, ...] = ()
    snapshot: KernelSnapshot | None = None
    snapshots: tuple[KernelSnapshot, ...] = ()
    project: Path | None = None
    targets: tuple[Target, ...] = ("cpu",)
    gpu_host: GpuHost | None = None
    wishes: ProjectOptions = field(default_factory=ProjectOptions)
    split: SplitWish | None = None
    build: bool = True
    dry_run: bool = False
    strict: bool = False
    yes: bool = False
    by_user: bool = True
    keep_mine: bool = False
    agreed: str = ""
    check: Callable[[EnvironmentPlan], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Another call is at work on the project: this one follows it, and then goes on."""

    project: Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What capture found out: shown before anything else happens."""

    project: Project
    snapshots: tuple[KernelSnapshot, ...]
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The plan and its lock, before anything is written.

    Parameters
    ----------
    spec, lock
        Of the first of `targets`, and of the first group that is made.
    free_bytes
        None where it cannot be seen.
    needed_bytes
        What building all targets takes of it at most, estimated.
    twin_problem
        Why the project's CUDA twin stays as it is, where it is not one of the targets.
    binder
        What is made for Binder, and what the user should know of it.
    savings
        What splitting saves, where the user asks for it now; else None.
    """

    spec: EnvironmentSpec
    lock: Lock
    changes: Changes
    free_bytes: int | None = None
    needed_bytes: int = 0
    targets: tuple[Target, ...] = ("cpu",)
    twin_problem: DevboxError | None = None
    binder: BinderPlan | None = None
    savings: Savings | None = None


Event = Joined | Found | Planned | PhaseEvent | LogEvent
"""All that a view is told while `containerize` runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredKernel:
    """A kernelspec: its name for Jupyter, what the user sees, and what it runs."""

    name: str
    display_name: str
    target: Target
    project: str
    image: str | None = None
    group: str = ONLY

    def to_json(self) -> dict[str, Any]:
        """Return the object of `kernel list --json`."""
        return {
            "name": self.name,
            "target": self.target,
            **({"group": self.group} if self.group else {}),
            "project": self.project,
            "image": self.image,
            "display_name": self.display_name,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerizeResult:
    """What `containerize` did.

    Parameters
    ----------
    files
        Paths written, relative to the project; empty when nothing changed.
    images
        One a kernel that runs in one, in their order; empty when none was built.
    kernels
        Kernelspecs that stand now.
    seconds
        Of the build; 0.0 when nothing was built.
    built
        Whether an image or environment was made in this call.
    left_out
        What the box does without, because the user has not allowed it: one line each.
    binder
        As in `Planned`.
    warnings
        Code and sentence of what the user should know besides.
    """

    project: Project
    snapshots: tuple[KernelSnapshot, ...]
    spec: EnvironmentSpec
    lock: Lock
    changes: Changes
    files: tuple[str, ...] = ()
    images: tuple[ImageInfo, ...] = ()
    kernels: tuple[RegisteredKernel, ...] = ()
    seconds: float = 0.0
    built: bool = False
    left_out: tuple[str, ...] = ()
    binder: BinderPlan | None = None
    warnings: tuple[tuple[str, str], ...] = ()

    @property
    def image(self) -> ImageInfo | None:
        """The first image, which is the one that other programs are told of; None without one."""
        return self.images[0] if self.images else None

    def to_json(self) -> dict[str, Any]:
        """Return the object of `containerize --json` (DESIGN, contracts)."""
        return {
            "project": str(self.project.root),
            "files": list(self.files),
            "image": self.image.id if self.image else None,
            "kernels": [
                {
                    "name": k.name,
                    "target": k.target,
                    **({"group": k.group, "image": k.image} if k.group else {}),
                }
                for k in self.kernels
            ],
            "unresolved": [
                {"import": u.name, "cells": list(u.cells), "notebook": s.notebook}
                for s in self.snapshots
                for u in s.unresolved
            ],
            "warnings": [
                {"code": w.code, "message": w.message, "cell": w.cell, "notebook": s.notebook}
                for s in self.snapshots
                for w in s.warnings
            ]
            + [
                {"code": "not_allowed", "message": line, "cell": None, "notebook": None}
                for line in self.left_out
            ]
            + [
                {"code": code, "message": message, "cell": None, "notebook": None}
                for code, message in (
                    *(self.binder.warnings if self.binder else ()),
                    *self.warnings,
                )
            ]
            + [
                {"code": "kept_file", "message": path, "cell": None, "notebook": None}
                for path in self.changes.kept
            ],
            "diff": list(self.changes.diff()),
        }
