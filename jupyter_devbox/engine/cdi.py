"""Which devices the Container Device Interface knows on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

FOLDERS = ("/etc/cdi", "/var/run/cdi")
"""Where specifications lie unless an engine was told otherwise (CDI's SPEC.md)."""

_LARGEST = 4 << 20


def cdi_devices(folders: Iterable[str] = FOLDERS) -> tuple[str, ...]:
    """Return the qualified names that lie in folders, such as ``nvidia.com/gpu=0``.

    What can't be read, or is no specification, counts as nothing: the engine passes it over too.
    """
    return tuple(sorted({name for folder in folders for name in _named(Path(folder))}))


def _named(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*")):
        if path.suffix not in {".json", ".yaml", ".yml"}:
            continue
        specification = _read(path)
        kind, devices = specification.get("kind"), specification.get("devices")
        for device in devices if isinstance(devices, list) else ():
            if isinstance(kind, str) and isinstance(device, Mapping):
                yield f"{kind}={device.get('name')}"


def _read(path: Path) -> Mapping[str, Any]:
    import yaml  # noqa: PLC0415  # 20 ms, for the few machines that have such a file

    found: object = None
    with suppress(OSError, ValueError, RecursionError, yaml.YAMLError):
        if path.stat().st_size <= _LARGEST:
            text = path.read_text(encoding="utf-8")
            found = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    return found if isinstance(found, Mapping) else {}
