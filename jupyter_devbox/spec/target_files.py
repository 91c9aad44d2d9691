"""Where a target's files lie: one Dockerfile for all, a configuration and a lock for each."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_devbox.spec.environment import Target
from jupyter_devbox.spec.written import FOLDER


@dataclass(frozen=True, slots=True)
class TargetFiles:
    """The files of one target.

    Parameters
    ----------
    configuration
        Its devcontainer.json, relative to the project.
    lock
        What the names of its requirements begin with, and the build argument that chooses them.
    """

    configuration: str
    lock: str

    @property
    def direct(self) -> str:
        """Name of the direct requirements, in `.devcontainer/`."""
        return f"{self.lock}.in"

    @property
    def stable(self) -> str:
        """Name of the lock's stable group, in `.devcontainer/`."""
        return f"{self.lock}.stable.txt"

    @property
    def rest(self) -> str:
        """Name of the rest of the lock, in `.devcontainer/`."""
        return f"{self.lock}.txt"


LOCK_ARGUMENT = "LOCK"
"""The Dockerfile's build argument: `TargetFiles.lock`."""
CPU = TargetFiles(f"{FOLDER}/devcontainer.json", "requirements")
CUDA = TargetFiles(f"{FOLDER}/cuda/devcontainer.json", "requirements.cuda")
"""The specification lets a client choose among the folders below `.devcontainer/`."""


def target_files(target: Target) -> TargetFiles:
    """Return a target's files; a virtual environment is made from those of the CPU."""
    return CUDA if target == "cuda" else CPU
