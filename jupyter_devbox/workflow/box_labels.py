"""What a box's labels say of it, and how it stands to its project's files."""

from __future__ import annotations

from pathlib import Path

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.engine.gpu import gpu_use
from jupyter_devbox.files.reader import configuration_digest
from jupyter_devbox.spec.box import LABEL_CONFIG_DIGEST, LABEL_GROUP, LABEL_TARGET, Target
from jupyter_devbox.spec.container import ContainerInfo
from jupyter_devbox.spec.gpu_use import GpuUse
from jupyter_devbox.spec.groups import ONLY, is_group
from jupyter_devbox.spec.target_files import target_files
from jupyter_devbox.spec.written import FOLDER
from jupyter_devbox.workflow.made_of import is_made_of


def is_stale(engine: Engine, box: ContainerInfo, project: Path) -> bool:
    """Tell whether a box is of other files than a project has now: its image, or how it is run.

    Dev container clients join it all the same, without a word.
    """
    target, group = box_target(box), box_group(box)
    image = engine.image(box.image)
    if image is None or not is_made_of(image, project / FOLDER, target, group):
        return True
    made = box.labels.get(LABEL_CONFIG_DIGEST, "")
    now = configuration_digest(project / target_files(target, group).configuration)
    return bool(made and now) and made != now


def box_target(container: ContainerInfo) -> Target:
    """Return what a box was made for; one that another program made is for the CPU."""
    return "cuda" if container.labels.get(LABEL_TARGET) == "cuda" else "cpu"


def box_group(container: ContainerInfo) -> str:
    """Return the group that a box was made for; "" for a project's only environment.

    A Dockerfile may write labels of any text into its image, and a container has those too.
    """
    group = container.labels.get(LABEL_GROUP, ONLY)
    return group if is_group(group) else ONLY


def cards_in_use(engine: Engine, container: ContainerInfo) -> tuple[GpuUse, ...]:
    """Return the cards that a running CUDA box sees; asking takes a program in it, 0.1 s."""
    if container.status != "running" or box_target(container) != "cuda":
        return ()
    return gpu_use(engine, container.id)
