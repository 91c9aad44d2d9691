"""What Binder reads of a repository (repo2docker.readthedocs.io/en/latest/configuration).

repo2docker looks into ``binder/`` or ``.binder/``, never both; where there is one of them, the
files at the top of the repository are not read. Of several environments the first in its list of
build packs counts, and a Dockerfile comes before all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from jupyter_devbox.spec.lock import LockedPackage
from jupyter_devbox.spec.written import FOLDER as DEVCONTAINER

Mode = Literal["dockerfile", "buildpack"]

FOLDER = "binder"
RIVAL = ".binder"
LOCK = "requirements.txt"
"""The lock's packages from the index; the build pack for Python looks for this very name."""
BESIDE = "wheels.txt"
"""The lock's packages that come from the wheels in `.devcontainer/wheels/`."""
WHEELS = f"{DEVCONTAINER}/wheels"
SERVER = ("jupyterhub", "jupyterlab", "notebook")
"""What Binder starts: JupyterLab, `jupyterhub-singleuser` where one has to log in, and
`jupyter notebook` where repo2docker is run by hand (its `app.py`, `run_cmd`)."""
LARGE_BYTES = 1_200_000_000
"""Images from this size on are what people complain of (jupyterhub/mybinder.org-deploy#2744)."""

_FIRST = (
    "Dockerfile",
    "JuliaProject.toml",
    "Project.toml",
    "REQUIRE",
    "default.nix",
    "install.R",
    "environment.yml",
    "environment.yaml",
    "Pipfile",
    "Pipfile.lock",
)
"""What makes a repository another one than Python's, in repo2docker's order."""
_READ = (*_FIRST, "requirements.txt", "runtime.txt", "apt.txt", "postBuild", "start")
_READ_AT_TOP = (*_READ, "pyproject.toml", "setup.py", "DESCRIPTION")
"""Packages are looked for at the top alone, and only where there is no ``binder/``."""
_OURS: Mapping[Mode, frozenset[str]] = {
    "dockerfile": frozenset({"Dockerfile", LOCK}),
    "buildpack": frozenset({LOCK, "runtime.txt", "apt.txt", "postBuild"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BinderFolder:
    """What a project has for Binder before this run.

    Parameters
    ----------
    there, rival
        Whether it has ``binder/``, and ``.binder/``.
    names
        Names of files in ``binder/``.
    top
        Names of files at the top of the project.
    pins
        Name → version of the lock in ``binder/``.
    python
        Full Python version that this lock is for; "" if there is none.
    """

    there: bool = False
    rival: bool = False
    names: frozenset[str] = frozenset()
    top: frozenset[str] = frozenset()
    pins: Mapping[str, str] = field(default_factory=dict)
    python: str = ""


def hidden_files(folder: BinderFolder, mode: Mode) -> tuple[str, ...]:
    """Return the user's files that Binder reads now, and will not read any more."""
    if not folder.there:
        return tuple(name for name in _READ_AT_TOP if name in folder.top)
    if mode == "buildpack" or "Dockerfile" in folder.names:
        return ()
    unread = (name for name in _READ if name in folder.names - _OURS[mode])
    return tuple(f"{FOLDER}/{name}" for name in unread)


def rival_file(folder: BinderFolder, mode: Mode) -> str:
    """Return the file that Binder would read instead of those that are to be written; "" if none.

    Beside a Dockerfile it reads nothing else.
    """
    names = (name for name in _FIRST if name in folder.names and mode == "buildpack")
    return next((f"{FOLDER}/{name}" for name in names), "")


def cuda_packages(packages: Iterable[LockedPackage], patterns: Iterable[str]) -> Iterator[str]:
    """Yield the names in a lock that are CUDA's own, or built for it: Binder has no card."""
    patterns = tuple(patterns)
    for package in packages:
        own = any(fnmatchcase(package.name, pattern) for pattern in patterns)
        if own or "+cu" in package.version:
            yield package.name
