"""Groups: a project's notebooks may have several lean environments instead of one.

A group has a name, and is the third coordinate of an environment beside project and target; ""
names the only environment of a project that is not split. The record of them stands in the
project's `devcontainer.json`, under ``customizations.jupyter_devbox.groups``: untrusted text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from jupyter_devbox.errors import UsageError

ONLY = ""
"""The group of a project that is not split."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
"""A folder on every disk, part of a stage's name and of an image's tag: no capitals, no dots."""
_TAKEN = frozenset({"cuda", "wheels", "stable", "common"})
"""Files of ours in `.devcontainer/` are called so already."""
_TWIN = "-cuda"
"""What the folder of a group's CUDA twin ends in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Notebooks that share an environment.

    Parameters
    ----------
    notebooks
        Project-relative paths, sorted.
    """

    name: str
    notebooks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitWish:
    """What the user said of splitting in this call.

    Parameters
    ----------
    off
        One environment for all again.
    named
        Groups that were named, with their notebooks; those in none get one of their own.
    """

    off: bool = False
    named: tuple[Group, ...] = ()


def is_group(name: object) -> bool:
    """Tell whether a group may have this name."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return False
    return name not in _TAKEN and not name.endswith((_TWIN, "-"))


def check_group(name: str) -> str:
    """Return a group's name.

    Raises
    ------
    UsageError
        No group may be called so.
    """
    if is_group(name):
        return name
    message = f"An environment cannot be called so: `{name}`"
    hint = "small letters, digits and hyphens, such as --split train=a.ipynb,b.ipynb"
    raise UsageError(message, hint=f"{hint}; not {', '.join(sorted(_TAKEN))}")


def environment_title(project: str, group: str) -> str:
    """Return what an environment is called where people see it: ``digits``, ``digits/train``."""
    return f"{project}/{group}" if group else project


def read_groups(configuration: Mapping[str, Any]) -> tuple[Group, ...]:
    """Return the groups that a parsed devcontainer.json records; what is none is passed over.

    A notebook that stands in several is the first one's.
    """
    value: Any = configuration
    for key in ("customizations", "jupyter_devbox", "groups"):
        value = value.get(key) if isinstance(value, dict) else None
    found: list[Group] = []
    seen: set[str] = set()
    for name, listed in value.items() if isinstance(value, dict) else ():
        notebooks = {n for n in listed if isinstance(n, str)} if isinstance(listed, list) else set()
        if is_group(name):
            found.append(Group(name=name, notebooks=tuple(sorted(notebooks - seen))))
            seen |= notebooks
    return tuple(found)


def group_of(groups: Iterable[Group], notebook: str) -> str | None:
    """Return the name of a notebook's group, None where it is in none."""
    return next((group.name for group in groups if notebook in group.notebooks), None)


def name_after(notebook: str, taken: Iterable[str]) -> str:
    """Return a name for a notebook's own group: like its file's, and no other group's."""
    stem = PurePosixPath(notebook).name.removesuffix(".ipynb").lower()
    base = re.sub(r"[^a-z0-9]+", "-", stem).strip("-").lstrip("0123456789-")[:24].strip("-")
    taken = set(taken)
    first = base if is_group(base) else f"{base or 'notebook'}-env"
    names = (first, *(f"{first[:27].strip('-')}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if is_group(name) and name not in taken)
