"""The kernels that are registered for projects of this user's."""

from __future__ import annotations

from collections.abc import Container

from jupyter_devbox.files.project import Project
from jupyter_devbox.run.kernelspec import installed_kernelspecs, remove_kernelspec
from jupyter_devbox.spec.environment import TARGETS
from jupyter_devbox.spec.groups import ONLY
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
                group=str(spec.ours.get("group") or ONLY),
            )
        )
    return tuple(found)


def forget_ended(context: Context, project: Project, groups: Container[str]) -> tuple[str, ...]:
    """Remove the kernels of groups that a project has no more, and return their names.

    What runs goes on; `prune` takes the images. A kernel that stayed would run what no file of
    the project says any more.
    """
    ended = []
    for spec in installed_kernelspecs(context.kernels):
        mine = spec.ours.get("project") == str(project.root)
        if mine and str(spec.ours.get("group") or ONLY) not in groups:
            remove_kernelspec(spec)
            context.ledger.forget("kernelspec", spec.name)
            ended.append(spec.name)
    return tuple(ended)
