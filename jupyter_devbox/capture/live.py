"""Which notebook a running kernel belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit


def find_notebook(env: Mapping[str, str], user_ns: Mapping[str, object]) -> Path | None:
    """Return the saved notebook of this kernel, None when nothing tells.

    VS Code sets ``__vsc_ipynb_file__`` in the namespace; Jupyter's server sets
    ``JPY_SESSION_NAME``, which holds a path since jupyter_server 2 and the session's name before.
    """
    named = user_ns.get("__vsc_ipynb_file__")
    for candidate in (named, env.get("JPY_SESSION_NAME")):
        if isinstance(candidate, str) and candidate.endswith(".ipynb"):
            path = _path(candidate)
            if path is not None:
                return path
    return None


def _path(text: str) -> Path | None:
    if text.startswith("file:"):
        text = unquote(urlsplit(text).path)
    path = Path(text)
    try:
        path = path if path.is_absolute() else Path.cwd() / path
        return path if path.is_file() else None
    except (OSError, ValueError):
        return None
