"""Debian packages: the union over the project's notebooks."""

from __future__ import annotations

from jupyter_devbox.spec.environment import AptPackage
from jupyter_devbox.spec.names import APT_NAME
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.snapshot import KernelSnapshot


def unite_apt(
    snapshots: tuple[KernelSnapshot, ...],
    existing: ExistingEnvironment,
    options: ProjectOptions,
) -> tuple[AptPackage, ...]:
    """Return every Debian package the environment needs, sorted by name.

    Names that are not Debian's are dropped: they come from notebook text, where capture already
    warned about them.
    """
    captured = {snapshot.notebook for snapshot in snapshots}
    reasons: dict[str, str] = {}
    notebooks: dict[str, set[str]] = {}
    for package in existing.apt:
        kept = (set(package.notebooks) - captured) & set(existing.notebooks)
        if kept:
            reasons[package.name] = package.reason
            notebooks[package.name] = kept
    for snapshot in snapshots:
        for apt in snapshot.apt:
            if APT_NAME.fullmatch(apt.name):
                reasons[apt.name] = f"{apt.reason}: {apt.detail}" if apt.detail else apt.reason
                notebooks.setdefault(apt.name, set()).add(snapshot.notebook)
    for name in options.apt:
        reasons.setdefault(name, "--apt")
        notebooks.setdefault(name, set())
    return tuple(
        AptPackage(name=name, reason=reasons[name], notebooks=tuple(sorted(notebooks[name])))
        for name in sorted(reasons)
        if name not in options.exclude and name not in options.exclude_apt
    )
