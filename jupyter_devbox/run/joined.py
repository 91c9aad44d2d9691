"""A box that VS Code or another dev container client made first: used, and otherwise left alone."""

from __future__ import annotations

import json
import os.path
import posixpath
import re
from collections.abc import Iterable

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import EngineError, TransportError
from jupyter_devbox.run.runtime_dir import RuntimeDir
from jupyter_devbox.run.stream import probe_stream
from jupyter_devbox.run.transport import proven, remember
from jupyter_devbox.spec.box import (
    DEVCONTAINER_CONFIG,
    DEVCONTAINER_FOLDER,
    DEVCONTAINER_METADATA,
    LABEL_KIND,
    Box,
    BoxSpec,
)
from jupyter_devbox.spec.container import ContainerInfo, ExecSpec, Mount

_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?")
_HAS_KERNEL = "import importlib.util, sys; sys.exit(importlib.util.find_spec('ipykernel') is None)"


def containers_of_others(engine: Engine, spec: BoxSpec) -> tuple[ContainerInfo, ...]:
    """Return the containers that another client made for this project and configuration file."""
    if spec.config_file is None:
        return ()
    same = {DEVCONTAINER_FOLDER: spec.project, DEVCONTAINER_CONFIG: spec.config_file}
    return tuple(each for each in engine.containers(same) if LABEL_KIND not in each.labels)


def find_joined(engine: Engine, spec: BoxSpec, runtime: RuntimeDir) -> Box | None:
    """Return the running box of another client's in which this kernel can live; None if none can.

    It is one that has what the kernel's image has, file system layer by layer, the project mounted,
    and answers. One that was made from older files has not: it is left to those who use it.
    """
    for each in containers_of_others(engine, spec):
        workspace, user = workspace_in(each, spec.project), remote_user(each)
        fits = each.status == "running" and workspace and user is not None
        if fits and _same_files(engine, each, spec) and _answers(engine, each, runtime, user or ""):
            return Box(
                id=each.id,
                name=each.name,
                image=each.image,
                target=spec.target,
                project=spec.project,
                workspace=workspace,
                transport="stream",
                user=user or "",
                ours=False,
            )
    return None


def workspace_in(container: ContainerInfo, project: str) -> str:
    """Return where a container has the project, by its own bind mounts; "" if nowhere."""
    return project_in(container.mounts, project)


def project_in(folders: Iterable[Mount], project: str) -> str:
    """Return where the project is among mounts; "" if it is not.

    The reference client mounts the whole repository when the project is a folder in one.
    """
    listed = tuple(folders)
    for path in (project, os.path.realpath(project)):
        mounts = sorted(listed, key=lambda mount: -len(mount.source))
        for mount in mounts:
            if path == mount.source or path.startswith(mount.source.rstrip("/") + "/"):
                inner = os.path.relpath(path, mount.source)
                return posixpath.normpath(posixpath.join(mount.target, inner))
    return ""


def remote_user(container: ContainerInfo) -> str | None:
    """Return who tools run as, by the container's metadata; None if that is no user's name.

    See "Merge Logic" in the dev container specification's reference: the last entry wins, and
    without a `remoteUser` the `containerUser`, then the container's own.
    """
    try:
        entries = json.loads(container.labels.get(DEVCONTAINER_METADATA) or "[]")
    except (ValueError, RecursionError):
        return None
    listed = entries if isinstance(entries, list) else [entries]
    known = [entry for entry in listed if isinstance(entry, dict)]
    for key in ("remoteUser", "containerUser"):
        named = [entry[key] for entry in known if entry.get(key)]
        if named:
            user = named[-1]
            return user if isinstance(user, str) and _USER.fullmatch(user) else None
    return container.user


def _same_files(engine: Engine, container: ContainerInfo, spec: BoxSpec) -> bool:
    """Tell whether a container's image is the kernel's, or built upon it or upon equal layers."""
    if container.image == spec.image:
        return True
    ours, theirs = engine.image(spec.image), engine.image(container.image)
    if ours is None or theirs is None or not ours.layers:
        return False
    return theirs.layers[: len(ours.layers)] == ours.layers


def _answers(engine: Engine, container: ContainerInfo, runtime: RuntimeDir, user: str) -> bool:
    """Tell whether a kernel can be started there; asked once a container."""
    if proven(runtime, container.id) == "stream":
        return True
    try:
        probe_stream(engine, container.id, user=user)
        command = ("python3", "-c", _HAS_KERNEL)
        found = engine.run(container.id, ExecSpec(command=command, user=user)).exit_code == 0
    except (TransportError, EngineError):
        return False
    if found:
        remember(runtime, container.id, "stream")
    return found
