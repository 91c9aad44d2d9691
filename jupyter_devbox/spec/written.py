"""The values of devcontainer.json that are ours.

`render` writes them and trust knows them again: only these very values are taken without asking.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FOLDER = ".devcontainer"
RECORD = ("customizations", "jupyter_devbox", "written")
"""Where a devcontainer.json says what we wrote: key → digest of the value."""
OPTIONS = ("customizations", "jupyter_devbox", "options")
"""What the project remembers, in the CPU target's configuration."""
DOCKERFILE = "Dockerfile"
USER = "jovyan"
SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"
HOST_CA = "${localEnv:SSL_CERT_FILE:" + SYSTEM_CA + "}"
CA_OPTION = "--secret=id=ca,src=${localEnv:SSL_CERT_FILE:/dev/null}"
CA_MOUNT = (
    "type=bind,source=${localEnv:SSL_CERT_FILE:/dev/null},"
    "target=${localEnv:SSL_CERT_FILE:/run/devbox-none},readonly"
)
CA_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT")
WORKSPACE_MOUNT = (
    "type=bind,source=${localWorkspaceFolder},target=/workspaces/${localWorkspaceFolderBasename}"
)
EXTENSIONS = ("ms-python.python", "ms-toolsai.jupyter")
INTERPRETER = "/opt/venv/bin/python"
ATTACH_COMMAND = f"{INTERPRETER} -I -m jupyter_devbox.run.notebook_kernels || true"
"""Gives the container kernels of the names that its notebooks remember.

``-I``: a module of the project's must not stand in for one of Python's. ``|| true``: a container
whose image lacks us is to be used all the same, and clients give up where a command fails.
"""
LOCK_VARIABLE = "JUPYTER_DEVBOX_LOCK"
"""Tells in a split project's container which lock its image was made from."""
NVIDIA_VARIABLES = {
    "NVIDIA_VISIBLE_DEVICES": "all",
    "NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
}
"""What the NVIDIA container runtime reads where a client names no device itself
(docs.nvidia.com/datacenter/cloud-native/container-toolkit, docker-specialized)."""
COMPOSE_CA = "${SSL_CERT_FILE:-/dev/null}"
COMPOSE_CA_TARGET = "${SSL_CERT_FILE:-/run/devbox-none}"
COMPOSE_HOST_CA = "${SSL_CERT_FILE:-" + SYSTEM_CA + "}"
"""What `HOST_CA` and the like are in a Compose file (compose-spec.io, 12-interpolation)."""


def remembered(configuration: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the options of a project as they stand in its configuration; {} for none."""
    value: Any = configuration
    for key in OPTIONS:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}
