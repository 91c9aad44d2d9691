"""The user's own modules: those of the project are mounted, others are packed if agreed to."""

from __future__ import annotations

from jupyter_devbox.spec.environment import PackedModule
from jupyter_devbox.spec.names import normalise
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.snapshot import KernelSnapshot, LocalModule


def unite_modules(
    snapshots: tuple[KernelSnapshot, ...],
    existing: ExistingEnvironment,
    options: ProjectOptions,
) -> tuple[tuple[LocalModule, ...], tuple[PackedModule, ...]]:
    """Return the modules of the captured notebooks, and all that the project has packed.

    What other notebooks need stays packed, as their pins stay; what only the captured ones needed,
    and no longer do, leaves.
    """
    agreed = {normalise(name) for name in options.pack}
    captured = {snapshot.notebook for snapshot in snapshots}
    modules = {
        module
        for snapshot in snapshots
        for module in snapshot.local_modules
        if module.inside or normalise(module.name) in agreed
    }
    notebooks: dict[str, set[str]] = {}
    for packed in existing.packed:
        kept = (set(packed.notebooks) - captured) & set(existing.notebooks)
        if kept and normalise(packed.name) in agreed:
            notebooks[packed.name] = kept
    for snapshot in snapshots:
        for module in modules.intersection(snapshot.local_modules):
            if not module.inside:
                notebooks.setdefault(module.name, set()).add(snapshot.notebook)
    return (
        tuple(sorted(modules, key=lambda module: (module.name, module.path))),
        tuple(
            PackedModule(name=name, notebooks=tuple(sorted(notebooks[name])))
            for name in sorted(notebooks)
        ),
    )
