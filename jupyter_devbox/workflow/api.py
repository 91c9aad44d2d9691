"""The public Python functions: `jupyter_devbox.capture` and `jupyter_devbox.containerize`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from jupyter_devbox.files.project import find_project
from jupyter_devbox.spec.environment import Target
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.workflow import containerize as use_case
from jupyter_devbox.workflow.capturing import capture_saved, check_notebook
from jupyter_devbox.workflow.context import this_machine
from jupyter_devbox.workflow.requests import ContainerizeRequest, ContainerizeResult, Event


def capture(notebook: str | Path, *, project: str | Path | None = None) -> KernelSnapshot:
    """Return what a saved notebook uses; changes nothing.

    Parameters
    ----------
    notebook
        Path of the .ipynb file.
    project
        The project's folder; by default it is found.

    Raises
    ------
    CaptureError
        The notebook cannot be read or is not Python.
    """
    context = this_machine()
    path = check_notebook(Path(notebook))
    chosen = Path(project) if project is not None else path.parent
    home = context.home if project is not None else Path(path.anchor)
    found = find_project(path.parent, home=home, chosen=chosen)
    return capture_saved(context, path, found)


def containerize(
    *notebooks: str | Path,
    project: str | Path | None = None,
    targets: Iterable[Target] = ("cpu",),
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    apt: Iterable[str] = (),
    binder: str = "",
    build: bool = True,
    strict: bool = False,
    yes: bool = False,
    on_event: Callable[[Event], None] | None = None,
) -> ContainerizeResult:
    """Make the environment of saved notebooks: write its files, build it, register its kernels.

    Parameters
    ----------
    notebooks
        Paths of .ipynb files.
    project
        The project's folder; by default it is found.
    targets
        ``cpu`` and/or ``venv``.
    include, exclude, apt
        Packages to add, to leave out, and Debian packages to add.
    binder
        ``dockerfile`` or ``buildpack`` writes files for Binder too; ``off`` ends that.
    build
        Whether to build after the files are written.
    strict
        Whether an import without a known package stops it.
    yes
        Takes every offered answer but trust's.
    on_event
        Told of everything that happens, in this thread.

    Raises
    ------
    DevboxError
        What stands in the way, with the next command in `hint`.
    """
    request = ContainerizeRequest(
        notebooks=tuple(Path(notebook) for notebook in notebooks),
        project=Path(project) if project is not None else None,
        targets=tuple(targets),
        wishes=ProjectOptions(
            include=tuple(include), exclude=tuple(exclude), apt=tuple(apt), binder=binder
        ),
        build=build,
        strict=strict,
        yes=yes,
    )
    return use_case.containerize(this_machine(), request, on_event or (lambda _: None))
