"""What the user lists by `containerEnv` in devcontainer.json, for the box's environment."""

from __future__ import annotations

import re
from collections.abc import Mapping

_OURS = frozenset({"SSL_CERT_FILE", "PIP_CERT"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LOCAL = re.compile(r"\$\{localEnv:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<default>[^}]*))?\}")


def listed_environment(configuration: Mapping[str, object]) -> dict[str, str]:
    """Return the user's own entries of `containerEnv`, as written: values are not filled in.

    The certificates are ours and set by the box itself.
    """
    listed = configuration.get("containerEnv")
    if not isinstance(listed, dict):
        return {}
    return {
        name: value
        for name, value in listed.items()
        if isinstance(value, str) and _NAME.fullmatch(str(name)) and name not in _OURS
    }


def fill_in(values: Mapping[str, str], host: Mapping[str, str]) -> dict[str, str]:
    """Return the values with ``${localEnv:NAME:default}`` replaced from the host's environment.

    An unset variable without default is empty (containers.dev, json_reference, variables).
    """
    return {
        name: _LOCAL.sub(lambda m: host.get(m["name"], m["default"] or ""), value)
        for name, value in values.items()
    }
