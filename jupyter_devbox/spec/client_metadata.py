"""What a box's label tells a dev container client that joins it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jupyter_devbox.spec.written import USER

_FOR_CLIENTS = (
    "onCreateCommand",
    "updateContentCommand",
    "postCreateCommand",
    "postStartCommand",
    "postAttachCommand",
    "waitFor",
    "customizations",
    "forwardPorts",
    "portsAttributes",
    "otherPortsAttributes",
    "shutdownAction",
)
"""Properties that a client acts on itself, after a container's start.

For a container that is there the reference client reads them in this label alone, and in
devcontainer.json only `remoteUser`, `remoteEnv` and `userEnvProbe` (devcontainers/cli,
`pickUpdateableConfigProperties`; "Merge Logic" in the specification's reference).
"""


def client_metadata(configuration: Mapping[str, Any]) -> str:
    """Return the label ``devcontainer.metadata`` for a box of this devcontainer.json: a JSON array.

    Without it a client would open our box without extensions, interpreter and hooks, and stop it
    with its window. Our own record is of use to nobody there.
    """
    told = {key: configuration[key] for key in _FOR_CLIENTS if key in configuration}
    tools = told.get("customizations")
    if isinstance(tools, dict):
        told["customizations"] = {k: v for k, v in tools.items() if k != "jupyter_devbox"}
    return json.dumps([{**told, "remoteUser": USER}])
