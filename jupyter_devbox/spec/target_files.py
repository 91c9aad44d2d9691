"""Where an environment's files lie: one Dockerfile for all, a configuration and a lock for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jupyter_devbox.spec.environment import Target
from jupyter_devbox.spec.groups import ONLY, is_group
from jupyter_devbox.spec.written import FOLDER


@dataclass(frozen=True, slots=True)
class TargetFiles:
    """The files of one environment.

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

    @property
    def all(self) -> tuple[str, ...]:
        """Paths of all of them, relative to the project."""
        names = (self.direct, self.stable, self.rest)
        return (self.configuration, *(f"{FOLDER}/{name}" for name in names))


LOCK_ARGUMENT = "LOCK"
"""The Dockerfile's build argument: `TargetFiles.lock`."""
_LOCK = "requirements"
COMMON = f"{_LOCK}.common.txt"
"""What the locks of all groups have, in `.devcontainer/`: one layer for all their images."""


def _files(name: str) -> TargetFiles:
    """Return the files of an environment with a folder of its own.

    The specification lets a client choose among the folders below `.devcontainer/`.
    """
    return TargetFiles(f"{FOLDER}/{name}/devcontainer.json", f"{_LOCK}.{name}")


CPU = TargetFiles(f"{FOLDER}/devcontainer.json", _LOCK)
CUDA = _files("cuda")


def target_files(target: Target, group: str = ONLY) -> TargetFiles:
    """Return an environment's files; a virtual environment is made from those of the CPU."""
    cuda = target == "cuda"
    if group:
        return _files(f"{group}-cuda" if cuda else group)
    return CUDA if cuda else CPU


def environment_files(groups: Iterable[str]) -> Iterator[TargetFiles]:
    """Yield the files that the environments of a project may have: its only one's, or its groups'.

    The CPU's come first, then the CUDA twin's.
    """
    for group in (ONLY, *groups):
        yield target_files("cpu", group)
        yield target_files("cuda", group)


def is_choice_of_lock(folder: str, arguments: object) -> bool:
    """Tell whether the build arguments of a configuration choose its own lock, and nothing else.

    The one in `.devcontainer/` itself may choose any group's: clients open it by default.

    Parameters
    ----------
    folder
        The configuration's, relative to the project, with forward slashes.
    """
    if not isinstance(arguments, dict) or set(arguments) != {LOCK_ARGUMENT}:
        return False
    lock, (above, _, name) = arguments[LOCK_ARGUMENT], folder.rpartition("/")
    if folder == FOLDER and isinstance(lock, str):
        return is_group(lock.removeprefix(f"{_LOCK}.")) and lock.startswith(f"{_LOCK}.")
    group = name.removesuffix("-cuda")
    ours = above == FOLDER and (name == "cuda" or is_group(group))
    return ours and lock == f"{_LOCK}.{name}"
