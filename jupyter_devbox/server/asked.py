"""What every resource about a notebook begins with: its file, its project, its kernel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async

from jupyter_devbox.files.project import Project
from jupyter_devbox.server.handler import DevboxHandler
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.workflow.notebooks import notebook_project


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A notebook that a request is about.

    Parameters
    ----------
    path
        Jupyter's own.
    kernel
        The manager of its running kernel; None where there is none.
    snapshot
        What that kernel said; None where it was not asked, or gave no answer.
    """

    path: str
    file: Path
    project: Project
    kernel: Any = None
    snapshot: KernelSnapshot | None = None


async def asked_notebook(handler: DevboxHandler, path: str, kernel: str) -> Asked:
    """Return the notebook of a request, its kernel asked where that is allowed and quick.

    Raises
    ------
    RequestError
        There is no such notebook here.
    ProjectError
        Its project would be the home folder.
    """
    common = handler.common
    file = await handler.in_thread(handler.file_of, path)
    project = await handler.in_thread(notebook_project, common.context, file)
    manager = _running(handler, kernel)
    snapshot = None
    if manager is not None and await _may_execute(handler):
        snapshot = await common.live.snapshot(manager, file, project, common.executor)
    return Asked(path=path, file=file, project=project, kernel=manager, snapshot=snapshot)


def _running(handler: DevboxHandler, kernel: str) -> Any:  # noqa: ANN401
    """Return the manager of a kernel; None for one that has ended meanwhile."""
    kernels = handler.kernel_manager
    return kernels.get_kernel(kernel) if kernel and kernel in kernels else None


async def _may_execute(handler: DevboxHandler) -> bool:
    """Tell whether the user may have a kernel execute something: being asked is that."""
    decided = handler.authorizer.is_authorized(handler, handler.current_user, "execute", "kernels")
    return bool(await ensure_async(decided))
