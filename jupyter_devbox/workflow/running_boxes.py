"""The running boxes of a project, as what is asked of them needs to know them."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import RunError
from jupyter_devbox.files.project import Project
from jupyter_devbox.run.joined import remote_user, workspace_in
from jupyter_devbox.spec.box import (
    DEVCONTAINER_FOLDER,
    LABEL_KIND,
    LABEL_PROJECT,
    Target,
)
from jupyter_devbox.spec.container import ContainerInfo
from jupyter_devbox.workflow.box_labels import box_group, box_target
from jupyter_devbox.workflow.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningBox:
    """One running box.

    Parameters
    ----------
    id, image
        Of the container, and of the image that it was made from.
    target, group
        The environment that it is of.
    user
        Who is asked in it; "" for the container's own user.
    workspace
        Where the project is in it.
    ours
        Whether we made it; VS Code's are asked, and otherwise left alone.
    """

    id: str
    image: str
    target: Target
    group: str
    user: str
    workspace: str
    ours: bool


def running_boxes(context: Context, engine: Engine, project: Project) -> tuple[RunningBox, ...]:
    """Return the newest running box of each environment, ours before those of others.

    An older one that still runs has what was installed in it before the newer one's image was
    made: it says nothing of how the environment should be.
    """
    root = str(project.root)
    found: dict[tuple[str, str], RunningBox] = {}
    for kind in ("box", "kernel"):
        for each in engine.containers({LABEL_KIND: kind, LABEL_PROJECT: root}):
            if context.ledger.has(kind, each.id):
                _keep(found, each, root, user="", ours=True)
    for each in engine.containers({DEVCONTAINER_FOLDER: root}):
        user = remote_user(each)
        if LABEL_KIND not in each.labels and user is not None:
            _keep(found, each, root, user=user, ours=False)
    return tuple(found.values())


def require_running(context: Context, engine: Engine, project: Project) -> tuple[RunningBox, ...]:
    """Return the project's running boxes.

    Raises
    ------
    RunError
        There is none.
    """
    found = running_boxes(context, engine, project)
    if not found:
        message = f"No box of this project runs: `{project.root}`"
        raise RunError(message, hint="start its kernel, or: jupyter devbox containerize")
    return found


def _keep(
    found: dict[tuple[str, str], RunningBox],
    container: ContainerInfo,
    root: str,
    *,
    user: str,
    ours: bool,
) -> None:
    workspace = workspace_in(container, root)
    if container.status != "running" or not workspace:
        return
    target, group = box_target(container), box_group(container)
    box = RunningBox(
        id=container.id,
        image=container.image,
        target=target,
        group=group,
        user=user,
        workspace=workspace,
        ours=ours,
    )
    found.setdefault((target, group), box)
