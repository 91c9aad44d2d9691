"""Which capture a notebook gets: with its kernel's environment where that can be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_devbox.capture import capture_live
from jupyter_devbox.capture import probe as probe_module
from jupyter_devbox.capture.notebook import read_notebook
from jupyter_devbox.capture.told import ToHost, checked
from jupyter_devbox.errors import NotebookError
from jupyter_devbox.files.project import Project
from jupyter_devbox.plan.answers import apply_answers
from jupyter_devbox.plan.options import merge_options
from jupyter_devbox.spec.project import ExistingEnvironment
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.interpreters import interpreters
from jupyter_devbox.workflow.requests import ContainerizeRequest


def capture_saved(context: Context, notebook: Path, project: Project) -> KernelSnapshot:
    """Return the facts of a saved notebook, with the versions its kernel's environment has.

    Raises
    ------
    NotebookError, UnsupportedKernelError
        The file cannot be captured.
    """
    with interpreters(context) as asked:
        return asked.capture(notebook, project)


def capture_kernel(
    notebook: Path,
    project: Project,
    *,
    history: Sequence[str],
    ask: Callable[[Mapping[str, Any]], object],
    to_host: ToHost | None = None,
) -> KernelSnapshot:
    """Return what a saved notebook and its running kernel say, the kernel asked from outside.

    Parameters
    ----------
    history
        What was executed, raw.
    ask
        Has `probe.answer` called in the kernel, and returns what it says.
    to_host
        For a kernel in a box: see `capture.told`.

    Raises
    ------
    ProbeError
        The kernel's answer cannot be read.
    NotebookError, UnsupportedKernelError
        The file cannot be captured.
    """
    cells = read_notebook(notebook).cells
    return capture_live(
        cells=[(cell.number, cell.source) for cell in cells],
        history=history,
        notebook=notebook,
        project=project.root,
        ask=lambda request: checked(ask(request), to_host),
    )


def probe_source() -> str:
    """Return the program that answers in a kernel: it defines `answer`."""
    return Path(probe_module.__file__).read_text(encoding="utf-8")


def capture_all(
    context: Context,
    request: ContainerizeRequest,
    project: Project,
    existing: ExistingEnvironment,
) -> tuple[KernelSnapshot, ...]:
    """Return the facts of all notebooks of a request, the user's answers taken in."""
    known = {snapshot.notebook: snapshot for snapshot in request.snapshots}
    paths = [(project.relative(path), path) for path in request.notebooks]
    if request.snapshot is not None:
        paths = paths or [("", project.root)]
        known[paths[0][0]] = replace(request.snapshot, notebook=paths[0][0])
    with interpreters(context) as asked:
        snapshots = [known.get(n) or asked.capture(path, project) for n, path in paths]
    options = merge_options(existing.options, request.wishes)
    return tuple(apply_answers(snapshot, options.provides) for snapshot in snapshots)


def check_notebook(path: Path) -> Path:
    """Return the resolved path of a notebook file.

    Raises
    ------
    NotebookError
        There is no such file.
    """
    if not path.is_file():
        what = "This is a folder, not a notebook" if path.is_dir() else "There is no such notebook"
        message = f"{what}: `{path}`"
        raise NotebookError(message, hint="jupyter devbox containerize NOTEBOOK.ipynb")
    return path.resolve()
