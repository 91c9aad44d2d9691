"""A probe's answer from a process that is not ours: its form is checked before it counts. Pure.

A box may say anything. What it says of versions and of whose a module is decides what the user is
shown; addresses to install from are never taken from it, and a file is only one of the project's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jupyter_devbox.errors import ProbeError
from jupyter_devbox.spec.names import DISTRIBUTION_NAME, normalise

ToHost = Callable[[str], str | None]

_PYTHON = re.compile(r"3\.\d{1,2}\.\d{1,3}[a-z0-9+]{0,8}")
_PLATFORM = re.compile(r"[a-z0-9]{1,20}/[a-z0-9_]{1,20}")
_VERSION = re.compile(r"[A-Za-z0-9.!+_-]{1,100}")
_MODULE = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_KINDS = frozenset({"distribution", "local", "missing", "namespace", "stdlib"})


def checked(answer: object, to_host: ToHost | None = None) -> Mapping[str, Any]:
    """Return an answer whose every value has its type; what is not well formed is left out.

    Parameters
    ----------
    answer
        What came back, decoded.
    to_host
        For a kernel in a box: returns the host's path of one of its files, None if the project
        has no such file. None for a kernel of this machine's own.

    Raises
    ------
    ProbeError
        It is no answer of this version's probe.
    """
    if not isinstance(answer, dict) or answer.get("schema") != 1:
        message = "The kernel gave an answer that cannot be read"
        raise ProbeError(message, hint="restart the kernel")
    return {
        "schema": 1,
        "python": _matching(_PYTHON, answer.get("python")),
        "platform": _matching(_PLATFORM, answer.get("platform")),
        "modules": dict(_modules(_mapping(answer.get("modules")), to_host)),
        "distributions": {
            name: _distribution(told, trusted=to_host is None)
            for name, told in _mapping(answer.get("distributions")).items()
            if _is_name(name) and isinstance(told, dict)
        },
        "closure": [name for name in _list(answer.get("closure")) if _is_name(name)],
        "environment": [
            [row[0], row[1], row[2] if isinstance(row[2], int) and row[2] > 0 else 0]
            for row in _list(answer.get("environment"))
            if isinstance(row, list)
            and len(row) == 3
            and _is_name(row[0])
            and _matching(_VERSION, row[1])
        ],
        "libraries": [path for path in _list(answer.get("libraries")) if isinstance(path, str)],
    }


def _modules(
    found: Mapping[str, Any], to_host: ToHost | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the modules; one of the box's files that the project lacks is none of the user's."""
    for name, told in found.items():
        if not isinstance(told, dict) or told.get("kind") not in _KINDS:
            continue
        kind, owner = told["kind"], told.get("owner")
        file = str(told.get("file") or "")
        if kind == "distribution" and not _is_name(owner):
            continue
        if kind == "local" and to_host is not None:
            file = to_host(file) or ""
            kind = "local" if file else "missing"
        module = _matching(_MODULE, told.get("module")) or name
        owned = owner if kind == "distribution" else None
        yield name, {"kind": kind, "module": module, "owner": owned, "file": file}


def _distribution(told: Mapping[str, Any], *, trusted: bool) -> dict[str, Any]:
    direct = told.get("direct_url")
    whole = isinstance(direct, dict) and isinstance(direct.get("url"), str)
    return {
        "version": _matching(_VERSION, told.get("version")),
        "direct_url": direct if trusted and whole else None,
        "conda": trusted and told.get("conda") is True,
        "loaded": told.get("loaded") is True,
    }


def _is_name(value: object) -> bool:
    return (
        isinstance(value, str)
        and DISTRIBUTION_NAME.fullmatch(value) is not None
        and normalise(value) == value
    )


def _matching(pattern: re.Pattern[str], value: object) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
