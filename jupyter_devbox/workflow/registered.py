"""The kernels that are registered for projects of this user's."""

from __future__ import annotations

from jupyter_devbox.run.kernelspec import installed_kernelspecs
from jupyter_devbox.spec.environment import TARGETS
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.requests import RegisteredKernel


def registered_kernels(
    context: Context, project: str | None = None
) -> tuple[RegisteredKernel, ...]:
    """Return our kernelspecs, sorted by name; those of no known target are passed over.

    Parameters
    ----------
    project
        The folder whose kernels are wanted; None for all.
    """
    found = []
    for spec in installed_kernelspecs(context.kernels):
        target = next((t for t in TARGETS if t == spec.ours.get("target")), None)
        folder = spec.ours.get("project")
        if target is None or not isinstance(folder, str) or project not in {None, folder}:
            continue
        image = spec.ours.get("image")
        found.append(
            RegisteredKernel(
                name=spec.name,
                display_name=str(spec.content.get("display_name") or spec.name),
                target=target,
                project=folder,
                image=image if isinstance(image, str) else None,
            )
        )
    return tuple(found)
