"""What Compose starts for a box, from files that the user approved."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

from jupyter_devbox.spec.written import FOLDER

_NOT_IN_A_NAME = re.compile(r"[^-_a-z0-9]")

LABEL_COMPOSE = "com.docker.compose.project"
LABEL_SERVICE = "com.docker.compose.service"
LABEL_FOLDER = "com.docker.compose.project.working_dir"
LABEL_VOLUME = "com.docker.compose.volume"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeProject:
    """A Compose project in which one service is the box.

    Parameters
    ----------
    name
        What the reference client calls it, so that it finds what we start and we what it started.
    folder
        Absolute path that relative paths in the files start at.
    files
        Path in the project and text of each, as approved.
    service
        The one that is the box.
    workspace
        Where a client expects the project, by `workspaceFolder`.
    network
        The service whose network the box shares; "" if none. A box loses it when that is restarted.
    beside
        Services to be started besides those that the box depends on; None for all there are.
    """

    name: str
    folder: str
    files: tuple[tuple[str, str], ...]
    service: str
    workspace: str
    network: str = ""
    beside: tuple[str, ...] | None = None

    def digest(self) -> str:
        """Return what stands for all of it."""
        parts = [self.name, self.folder, self.files, self.service, self.workspace, self.beside]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def project_name(root: str, base: str, declared: Sequence[str]) -> str:
    """Return what the reference client calls a Compose project; "" if it could not name it.

    Its own rule (devcontainers/cli, dockerCompose.ts, getProjectName), but for the variable
    COMPOSE_PROJECT_NAME: one that only one of two programs has would part them.

    Parameters
    ----------
    root
        Absolute path of the project's folder.
    base
        Folder of the first Compose file, relative to it.
    declared
        What the files themselves say under ``name``, in their order; "" for nothing.
    """
    said = [name for name in declared if name]
    if said:
        name = said[-1]
    elif base == FOLDER:
        name = f"{posixpath.basename(root)}_devcontainer"
    else:
        name = posixpath.basename(posixpath.normpath(posixpath.join(root, base)))
    name = _NOT_IN_A_NAME.sub("", name.lower())
    return name if name[:1].isalnum() else ""
