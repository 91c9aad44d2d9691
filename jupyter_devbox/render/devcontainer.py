"""devcontainer.json: the keys that are ours (containers.dev/implementors/json_reference)."""

from __future__ import annotations

from typing import Any

from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.tree import KeyFile

PATH = ".devcontainer/devcontainer.json"
HEADING = "// Written by jupyter-devbox. Keys and comments of your own are kept.\n"
RECORD = ("customizations", "jupyter_devbox", "written")
_WORKSPACE_MOUNT = (
    "type=bind,source=${localWorkspaceFolder},target=/workspaces/${localWorkspaceFolderBasename}"
)
_SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"
_CA_MOUNT = (
    "type=bind,source=${localEnv:SSL_CERT_FILE:/dev/null},"
    "target=${localEnv:SSL_CERT_FILE:/run/devbox-none},readonly"
)
_HOST_CA = "${localEnv:SSL_CERT_FILE:" + _SYSTEM_CA + "}"


def devcontainer(
    spec: EnvironmentSpec, options: ProjectOptions, *, nested: bool = False
) -> KeyFile:
    """Return devcontainer.json of the CPU target.

    A company's CA bundle works from the file alone: it is a build secret, and at run time it is
    mounted at its own path; where the variable is unset, both fall back to something harmless.
    """
    values: dict[tuple[str, ...], Any] = {
        ("name",): f"{spec.project} · CPU",
        ("build", "dockerfile"): "Dockerfile",
        ("build", "context"): ".",
        ("build", "options"): ["--secret=id=ca,src=${localEnv:SSL_CERT_FILE:/dev/null}"],
        ("remoteUser",): "jovyan",
        ("updateRemoteUserUID",): True,
        ("init",): True,
        ("mounts",): [_CA_MOUNT],
        ("containerEnv", "SSL_CERT_FILE"): _HOST_CA,
        ("containerEnv", "PIP_CERT"): _HOST_CA,
        ("customizations", "vscode", "extensions"): ["ms-python.python", "ms-toolsai.jupyter"],
        (
            "customizations",
            "vscode",
            "settings",
            "python.defaultInterpreterPath",
        ): "/opt/venv/bin/python",
    }
    if nested:
        # The clients mount the whole repository unless they are told (both keys, as a pair).
        values[("workspaceMount",)] = _WORKSPACE_MOUNT
        values[("workspaceFolder",)] = "/workspaces/${localWorkspaceFolderBasename}"
    if spec.ports:
        values[("forwardPorts",)] = list(spec.ports)
    values[("customizations", "jupyter_devbox", "notebooks")] = list(spec.notebooks)
    if spec.apt:
        values[("customizations", "jupyter_devbox", "apt")] = {
            a.name: {"reason": a.reason, "notebooks": list(a.notebooks)} for a in spec.apt
        }
    if spec.packed:
        values[("customizations", "jupyter_devbox", "modules")] = {
            module.name: {"notebooks": list(module.notebooks)} for module in spec.packed
        }
    wishes = _wishes(options)
    if wishes:
        values[("customizations", "jupyter_devbox", "options")] = wishes
    return KeyFile(
        path=PATH,
        values=values,
        record=RECORD,
        rivals=(("image",), ("dockerComposeFile",), ("dockerFile",)),
        heading=HEADING,
    )


def _wishes(options: ProjectOptions) -> dict[str, Any]:
    """Return the options worth remembering, without those that say nothing."""
    wishes = {
        "include": list(options.include),
        "exclude": list(options.exclude),
        "apt": list(options.apt),
        "python": options.python,
        "base": options.base,
        "ports": list(options.ports),
        "pack": list(options.pack),
        "provides": list(options.provides),
        "isolation": options.isolation,
    }
    return {name: value for name, value in wishes.items() if value}
