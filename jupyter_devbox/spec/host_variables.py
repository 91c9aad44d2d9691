"""``${…}`` in a configuration: which of them name something of the host's (containers.dev)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from posixpath import basename

_ANY = re.compile(r"\$\{([^}]*)\}?")
_HARMLESS = re.compile(
    r"localWorkspaceFolder|localWorkspaceFolderBasename|containerWorkspaceFolder"
    r"|containerWorkspaceFolderBasename|devcontainerId|containerEnv:.*",
    re.DOTALL,
)
# `env` is the older name of `localEnv`.
_LOCAL = re.compile(
    r"\$\{(?:localEnv|env):(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<default>[^}]*))?\}"
)


def reads_host(text: str) -> bool:
    """Tell whether a text names a variable of the host's, or one that is not known."""
    return any(not _HARMLESS.fullmatch(found[1]) for found in _ANY.finditer(text))


def fill_text(text: str, host: Mapping[str, str], project: str = "") -> str:
    """Return a text with the host's variables filled in, and the project's folder where given.

    An unset variable without default is empty (containers.dev, json_reference, variables). What
    else is in ``${…}`` stays as it is.
    """
    text = _LOCAL.sub(lambda m: host.get(m["name"], m["default"] or ""), text)
    if project:
        text = text.replace("${localWorkspaceFolderBasename}", basename(project))
        text = text.replace("${localWorkspaceFolder}", project)
    return text
