"""Kernelspecs of project and target, in the user's own folder of kernels."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_devbox.files.writer import DATA_ELSEWHERE, atomic_write, writing


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledSpec:
    """One kernelspec of ours: Jupyter's name for it, and what kernel.json says."""

    name: str
    folder: Path
    content: Mapping[str, Any]

    @property
    def ours(self) -> Mapping[str, Any]:
        """Our part of its metadata: target, project, image."""
        part: Mapping[str, Any] = self.content["metadata"]["jupyter_devbox"]
        return part


def install_kernelspec(kernels: Path, name: str, content: Mapping[str, Any]) -> Path:
    """Write a kernelspec, replacing one of the same name, and return its folder.

    Raises
    ------
    FileError
        Jupyter's data folder cannot be written.
    """
    folder = kernels / name
    text = json.dumps(content, indent=1) + "\n"  # ASCII: a path may hold any byte
    target = folder / "kernel.json"
    with writing(folder, DATA_ELSEWHERE):
        folder.mkdir(parents=True, exist_ok=True)
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            atomic_write(target, text.encode())
    return folder


def installed_kernelspecs(kernels: Path) -> Iterator[InstalledSpec]:
    """Yield our kernelspecs, sorted by name; those of others and broken ones are passed over."""
    for path in sorted(kernels.glob("devbox-*/kernel.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            ours = content["metadata"]["jupyter_devbox"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if isinstance(ours, dict):
            yield InstalledSpec(name=path.parent.name, folder=path.parent, content=content)


def remove_kernelspec(spec: InstalledSpec) -> None:
    """Remove a kernelspec's folder; absent is no error."""
    shutil.rmtree(spec.folder, ignore_errors=True)
