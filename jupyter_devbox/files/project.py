"""Which folder is the project."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jupyter_devbox.errors import ProjectError

_MARKERS = (
    (".git",),
    ("pyproject.toml", "uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "pixi.lock"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The project's folder (resolved) and what told us so."""

    root: Path
    reason: str

    @property
    def nested(self) -> bool:
        """Whether the project is a folder of a larger Git repository."""
        return any((folder / ".git").exists() for folder in self.root.parents)

    @property
    def name(self) -> str:
        """The name to be shown: the folder's."""
        return self.root.name

    def relative(self, path: Path) -> str:
        """Return a path of the project with forward slashes; absolute if it lies outside."""
        resolved = path.resolve()
        if resolved.is_relative_to(self.root):
            return resolved.relative_to(self.root).as_posix()
        return resolved.as_posix()


def find_project(start: Path, *, home: Path, chosen: Path | None = None) -> Project:
    """Return the project of a notebook's folder.

    It is the nearest ancestor with `.devcontainer/`, else with `.git`, else with pyproject.toml
    or a lock file, else the folder itself; never the home folder or one above it.

    Raises
    ------
    ProjectError
        `chosen` is no folder, or the project would be ``/`` or the home folder.
    """
    if chosen is not None:
        if not chosen.is_dir():
            message = f"--project is not a folder: `{chosen}`"
            raise ProjectError(message, hint="make it first, or name another")
        return _allowed(Project(root=chosen.resolve(), reason="--project"), home)
    start = start.resolve()
    home = home.resolve()
    above = [folder for folder in (start, *start.parents) if folder not in _forbidden(home)]
    marked = _nearest(above, names=(".devcontainer",))
    if marked is None:
        for names in _MARKERS:
            marked = _nearest(above, names=names)
            if marked is not None:
                break
    if marked is not None:
        return marked
    return _allowed(Project(root=start, reason="the notebook's folder"), home)


def _nearest(folders: Iterable[Path], *, names: tuple[str, ...]) -> Project | None:
    for folder in folders:
        for name in names:
            if os.path.exists(folder / name):  # noqa: PTH110  (False, never raises)
                return Project(root=folder, reason=f"it has {name}")
    return None


def _forbidden(home: Path) -> set[Path]:
    return {home, *home.parents}


def _allowed(project: Project, home: Path) -> Project:
    if project.root in _forbidden(home.resolve()):
        message = f"A whole home or root folder cannot be a project: `{project.root}`"
        raise ProjectError(
            message, hint="--yes makes a folder for the notebook there and copies it; or --project"
        )
    return project


def slug(name: str) -> str:
    """Return a name made of ``a-z0-9-`` for kernels and images; "project" if nothing is left."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "project"
