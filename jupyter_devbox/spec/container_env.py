"""What the user lists by `containerEnv` in devcontainer.json, for the box's environment."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jupyter_devbox.spec.host_variables import reads_host
from jupyter_devbox.spec.written import CA_VARIABLES

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def listed_environment(configuration: Mapping[str, object]) -> dict[str, str]:
    """Return the plain entries of `containerEnv`: those that name nothing of the host's.

    The others are the user's to allow. The certificates are ours and set by the box itself.
    """
    listed = configuration.get("containerEnv")
    if not isinstance(listed, dict):
        return {}
    return {
        name: value
        for name, value in listed.items()
        if is_variable(name) and isinstance(value, str) and not reads_host(value)
    }


def is_variable(name: str) -> bool:
    """Tell whether the box takes a variable of this name from `containerEnv`."""
    return _NAME.fullmatch(name) is not None and name not in CA_VARIABLES
