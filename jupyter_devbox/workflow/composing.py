"""A project whose box Compose starts: from its approved files to what is to be started."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_devbox.errors import ConfigurationError, ServiceError
from jupyter_devbox.run.runtime_dir import runtime_key
from jupyter_devbox.spec.box import Target
from jupyter_devbox.spec.compose import compose_names
from jupyter_devbox.spec.compose_project import ComposeProject, project_name
from jupyter_devbox.spec.compose_reach import compose_values
from jupyter_devbox.spec.groups import ONLY
from jupyter_devbox.spec.host_variables import fill_text
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.trusting import approved_compose

_SHARED = "service:"


def compose_project(
    context: Context, root: Path, target: Target = "cpu", group: str = ONLY
) -> ComposeProject | None:
    """Return what Compose starts for a project's box; None where it starts nothing.

    Raises
    ------
    UntrustedProjectError
        A file is not approved as it is, or asks for what is not allowed.
    ConfigurationError
        The configuration names no service, or its files are no Compose files.
    """
    root = root.resolve()
    value, files = approved_compose(context, root, target, group)
    if not files:
        return None
    service = value.get("service")
    if not isinstance(service, str) or not service:
        message = "devcontainer.json names Compose files and no service: `service`"
        raise ConfigurationError(message, hint="name the service that is the dev container")
    parsed = [compose_values(text) for _, text in files]
    base = posixpath.dirname(files[0][0])
    declared = [str(each.get("name") or "") for each in parsed]
    name = project_name(str(root), base, declared) or f"devbox-{runtime_key(str(root))}"
    _refuse_taken(context, root, name)
    folder = value.get("workspaceFolder")
    wanted = value.get("runServices")
    return ComposeProject(
        name=name,
        folder=str(root / base),
        files=files,
        service=service,
        workspace=fill_text(folder, {}, str(root)) if isinstance(folder, str) else "/",
        network=_network(parsed, service),
        beside=compose_names(wanted) if isinstance(wanted, list) and wanted else None,
    )


def _refuse_taken(context: Context, root: Path, name: str) -> None:
    """Raise if Compose would take another folder's services, or their data, for this project's.

    It knows a project by its name alone, and that is the folder's: two clones have the same.
    """
    for entry in context.ledger.entries("compose"):
        other = Path(entry.facts.get("project", ""))
        if entry.id == name and other != root and other.is_dir():
            message = f"Another folder's services have this project's Compose name: `{other}`"
            raise ServiceError(message, hint="rename one of the two folders")


def _network(files: list[Mapping[str, Any]], service: str) -> str:
    """Return the service whose network another one has; the last file that says so counts."""
    found = ""
    for value in files:
        services = value.get("services")
        mine = services.get(service) if isinstance(services, dict) else None
        mode = mine.get("network_mode") if isinstance(mine, dict) else None
        if isinstance(mode, str):
            found = mode.removeprefix(_SHARED) if mode.startswith(_SHARED) else ""
    return found
