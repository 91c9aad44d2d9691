"""Values for tests, complete but for what a test is about."""

from __future__ import annotations

import re
from typing import Any

from jupyter_devbox.spec.environment import (
    AptPackage,
    BaseImage,
    DirectRequirement,
    EnvironmentSpec,
)
from jupyter_devbox.spec.lock import Lock, LockedPackage, WheelFile
from jupyter_devbox.spec.snapshot import (
    CapturedRequirement,
    InstalledDistribution,
    KernelSnapshot,
)

HASH = "sha256:" + "0" * 64


def base(**more: Any) -> BaseImage:
    values = {"ref": "python:3.11-slim-bookworm", "reason": "it fits", "python": "3.11.2"}
    return BaseImage(**{**values, **more})


def direct(text: str, **more: Any) -> DirectRequirement:
    """A requirement from ``name==1.0``, or whatever else follows the name."""
    name = re.split("[=<>]", text, maxsplit=1)[0]
    return DirectRequirement(**{"name": name, "specifier": text[len(name) :], **more})


def spec(*requirements: DirectRequirement, **more: Any) -> EnvironmentSpec:
    values = {"project": "digits", "target": "cpu", "python": "3.11", "base_image": base()}
    return EnvironmentSpec(**{**values, "requirements": requirements, **more})


def locked(text: str, **more: Any) -> LockedPackage:
    name, _, version = text.partition("==")
    return LockedPackage(**{"name": name, "version": version, "hashes": (HASH,), **more})


def lock(*packages: LockedPackage, **more: Any) -> Lock:
    wheel = WheelFile(filename="jupyter_devbox-0.1.0-py3-none-any.whl", content=b"PK")
    ours = locked("jupyter-devbox==0.1.0", group="rest")
    values = {"python": "3.11.2", "platform": "linux/amd64", "inputs": "0" * 16}
    return Lock(**{**values, "packages": (*packages, ours), "wheels": (wheel,), **more})


def captured(text: str, **more: Any) -> CapturedRequirement:
    """A captured requirement from ``name==installed version``, imported under its own name."""
    name, _, version = text.partition("==")
    values = {"name": name, "version": version or None, "imports": (name.replace("-", "_"),)}
    return CapturedRequirement(**{**values, **more})


def snapshot(*requirements: CapturedRequirement, **more: Any) -> KernelSnapshot:
    installed = tuple(
        InstalledDistribution(name=r.name, version=r.version) for r in requirements if r.version
    )
    values = {"notebook": "a.ipynb", "python": "3.11.7", "platform": "linux/amd64"}
    return KernelSnapshot(
        **{**values, "requirements": requirements, "installed": installed, **more}
    )


def apt(*names: str) -> tuple[AptPackage, ...]:
    return tuple(AptPackage(name=n, reason="--apt", notebooks=("a.ipynb",)) for n in names)
