"""`tensorboard`: TensorBoard in the project's box, for a folder that the box has."""

from __future__ import annotations

import os.path
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import OutsideBoxError, RunError
from jupyter_devbox.run.forwarding import Way, recorded
from jupyter_devbox.run.joined import project_in
from jupyter_devbox.run.ports import box_way
from jupyter_devbox.run.runtime_dir import RuntimeDir
from jupyter_devbox.run.tensorboard import TensorBoard, start_tensorboard
from jupyter_devbox.spec.container import ContainerInfo
from jupyter_devbox.workflow.boxes import BoxState
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.ports import OpenPort, reachable_boxes

LOGDIR = "runs"
"""The folder that PyTorch's `SummaryWriter` takes when it is told none."""
_PATIENCE = 3.0
_LOOK = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A folder's TensorBoard.

    Parameters
    ----------
    box
        Where it runs.
    folder
        The folder's path there.
    """

    box: BoxState
    folder: str
    found: TensorBoard
    way: Way

    def to_json(self) -> dict[str, Any]:
        """Return the object of `tensorboard --json`, without the address on this machine."""
        return {
            "box": self.box.id,
            "logdir": self.folder,
            "port": self.found.port,
            "version": self.found.version,
            "started": self.found.started,
        }


def serve_folder(context: Context, project: Path, folder: Path, container: str = "") -> Served:
    """Have TensorBoard serve a folder in a running box of a project, once however often asked.

    Parameters
    ----------
    folder
        On this machine; it need not be there yet.
    container
        Id of the box that is wanted, if it is one of the project's; "" for the first that has the
        folder.

    Raises
    ------
    RunError
        No box of the project runs.
    OutsideBoxError
        No box has the folder.
    BoxProgramError
        The image has no TensorBoard, or it did not start.
    EngineError
        No engine answers.
    """
    engine = context.connect()
    running = tuple(reachable_boxes(context, engine, project))
    if not running:
        message = f"No box of this project runs: `{project}`"
        raise RunError(message, hint="open a notebook with its kernel, then try again")
    for box, info, runtime in sorted(running, key=lambda each: each[0].id != container):
        if inside := folder_in_box(info, folder):
            return _served(engine, box, info, runtime, inside)
    message = f"The box does not have this folder: `{folder}`"
    hint = f"write the logs below {project}, which every box of the project has"
    raise OutsideBoxError(message, hint=hint)


def _served(
    engine: Engine, box: BoxState, info: ContainerInfo, runtime: RuntimeDir, inside: str
) -> Served:
    way = box_way(info, runtime)
    return Served(box=box, folder=inside, found=start_tensorboard(engine, way, inside), way=way)


def folder_in_box(info: ContainerInfo, folder: Path) -> str:
    """Return where a box has a folder of this machine, links followed; "" if it has not."""
    mounts = [replace(each, source=os.path.realpath(each.source)) for each in info.mounts]
    return project_in(mounts, os.path.realpath(folder))


def forwarded_elsewhere(served: Served, sleep: Callable[[float], None] = time.sleep) -> int:
    """Return its number on this machine if a server forwards it; 0 if none does within 3 s."""
    until = time.monotonic() + _PATIENCE
    while True:
        number = recorded(served.way.runtime).get(served.found.port, 0)
        if number or time.monotonic() > until:
            return number
        sleep(_LOOK)


def forward(context: Context, served: Served) -> OpenPort:
    """Forward it by this process."""
    return OpenPort(context.connect(), served.way, served.found.port)
