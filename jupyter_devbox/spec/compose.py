"""Compose files of a project: where ours lie, what they are called, what a user's own ones say."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_devbox.spec.box import Target
from jupyter_devbox.spec.written import FOLDER, remembered

COMPOSE = "compose.yaml"
"""Our file in `.devcontainer/` where the project has no Compose file of its own."""
OVERRIDE = "compose.devbox.yaml"
"""Our file beside the user's: it says what the box is made from."""
COMPOSE_FILES = (f"{FOLDER}/{COMPOSE}", f"{FOLDER}/{OVERRIDE}", f"{FOLDER}/cuda/{COMPOSE}")
"""All that may be ours, relative to the project."""
BLOCK = "compose"
"""Name of the marked block in either."""

BOX_SERVICES: dict[Target, str] = {"cpu": "box", "cuda": "box-cuda"}
"""Two, so that both targets can run at once and share their databases."""

_NOT_IN_A_PATH = re.compile(r"[^A-Za-z0-9 ._-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCompose:
    """The Compose files that a user's devcontainer.json named before we wrote into it.

    Parameters
    ----------
    files
        As they stand there, relative to the folder of devcontainer.json.
    service
        The service that is the dev container.
    """

    files: tuple[str, ...]
    service: str

    @property
    def base(self) -> str:
        """Folder that relative paths in all the files start at: the first file's, in the project.

        See compose-spec.io, 14-include and merge rules.
        """
        return posixpath.normpath(posixpath.dirname(posixpath.join(FOLDER, self.files[0]))) or "."


def compose_names(value: object) -> tuple[str, ...]:
    """Return the names in a value that is one or a list of them; () for anything else."""
    listed = value if isinstance(value, list) else [value]
    names = tuple(name for name in listed if isinstance(name, str) and name)
    return names if len(names) == len(listed) else ()


def own_compose(configuration: Mapping[str, Any]) -> OwnCompose | None:
    """Return the user's own Compose files of a configuration; None where it has none.

    One that remembers services of ours is ours, whatever else the user lists in it.
    """
    if remembered(configuration).get("services"):
        return None
    named, service = configuration.get("dockerComposeFile"), configuration.get("service")
    listed = named if isinstance(named, list) else [named]
    names = [name for name in listed if isinstance(name, str) and name]
    files = tuple(name for name in names if posixpath.normpath(name) != OVERRIDE)
    if not files or not isinstance(service, str) or not service:
        return None
    return OwnCompose(files=files, service=service)


def workspace_of(name: str) -> str:
    """Return where a project of that name is in a box that Compose starts.

    A name may hold anything; neither Compose's variables nor the client's may stand in it.
    """
    return f"/workspaces/{_NOT_IN_A_PATH.sub('_', name).strip('.') or 'project'}"
