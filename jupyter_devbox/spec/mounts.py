"""Mounts as devcontainer.json and Docker's command line write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from jupyter_devbox.spec.container import Mount

_SOURCES = {"source": "source", "src": "source"}
_TARGETS = {"target": "target", "dst": "target", "destination": "target"}
_READONLY = {"readonly", "ro"}
_SILENT = {"consistency"}  # a hint for macOS that means nothing on Linux
_COLON = re.compile(r":(?![^{}]*\})")  # not the one within ${localEnv:NAME:default}
_VOLUME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def read_mount(entry: object) -> Mount | None:
    """Return a mount of ``mounts`` or ``--mount``: text or an object; None if it is another kind.

    Variables are not filled in.
    """
    if isinstance(entry, str):
        fields = _fields(entry)
    elif isinstance(entry, Mapping):
        fields = {str(k): v if isinstance(v, str) else None for k, v in entry.items()}
    else:
        return None
    return _mount(fields) if fields else None


def read_volume(text: str) -> Mount | None:
    """Return a mount of ``--volume``: ``SOURCE:TARGET[:ro|rw]``; None if it is another kind."""
    parts = _COLON.split(text)
    if len(parts) not in {2, 3} or (len(parts) == 3 and parts[2] not in {"ro", "rw"}):
        return None
    source, target = parts[0], parts[1]
    if not source or not target:
        return None
    kind: Literal["bind", "volume"] = "volume" if _VOLUME.fullmatch(source) else "bind"
    return Mount(source=source, target=target, readonly=parts[2:] == ["ro"], kind=kind)


def _fields(text: str) -> dict[str, str | None]:
    if '"' in text:
        return {}
    pairs = [part.partition("=") for part in text.split(",")]
    fields = {name.strip(): value if equals else None for name, equals, value in pairs}
    return fields if len(fields) == len(pairs) else {}


def _mount(fields: Mapping[str, str | None]) -> Mount | None:
    found = {"source": "", "target": ""}
    readonly, kind = False, "volume"  # Docker's own default
    for name, value in fields.items():
        place = _SOURCES.get(name) or _TARGETS.get(name)
        if place and value and not found[place]:
            found[place] = value
        elif name in _READONLY and value in {None, "true", "1"}:
            readonly = True
        elif name == "type" and value in {"bind", "volume"}:
            kind = value
        elif name not in _SILENT:
            return None
    if not found["target"] or not found["source"]:
        return None
    return Mount(
        source=found["source"],
        target=found["target"],
        readonly=readonly,
        kind="volume" if kind == "volume" else "bind",
    )
