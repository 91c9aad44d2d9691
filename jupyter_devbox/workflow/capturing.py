"""Which capture a notebook gets: with its kernel's environment where that can be asked."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_devbox.capture import capture_environment, capture_live
from jupyter_devbox.capture import probe as probe_module
from jupyter_devbox.capture.notebook import read_notebook
from jupyter_devbox.capture.told import ToHost, checked
from jupyter_devbox.engine.process import run_process
from jupyter_devbox.errors import NotebookError, ProbeError
from jupyter_devbox.files.project import Project
from jupyter_devbox.plan import apply_answers, merge_options
from jupyter_devbox.spec.project import ExistingEnvironment
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.requests import ContainerizeRequest


def capture_saved(context: Context, notebook: Path, project: Project) -> KernelSnapshot:
    """Return the facts of a saved notebook, with the versions its kernel's environment has.

    Raises
    ------
    NotebookError, UnsupportedKernelError
        The file cannot be captured.
    """
    ask = _prober(kernel_interpreter(context, notebook))
    snapshot = capture_environment(notebook, project=project.root, interpreter_probe=ask)
    return replace(snapshot, notebook=project.relative(notebook))


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
    snapshots = (known.get(name) or capture_saved(context, path, project) for name, path in paths)
    options = merge_options(existing.options, request.wishes)
    return tuple(apply_answers(snapshot, options.provides) for snapshot in snapshots)


def kernel_interpreter(context: Context, notebook: Path) -> str:
    """Return the Python that runs the notebook's kernel on this machine.

    A notebook whose kernel is not installed here, or is one of ours, is asked about in the
    environment that devbox itself runs in.
    """
    return own_interpreter(notebook) or context.python


def own_interpreter(notebook: Path) -> str | None:
    """Return the Python of the notebook's own kernel; None if it is not here, or one of ours."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel  # noqa: PLC0415

    try:
        metadata = json.loads(notebook.read_bytes().decode("utf-8-sig", "replace"))["metadata"]
        name = str(metadata["kernelspec"]["name"])
        spec = KernelSpecManager().get_kernel_spec(name)
    except (OSError, ValueError, RecursionError, KeyError, TypeError, NoSuchKernel):
        return None
    program = Path(spec.argv[0]) if spec.argv else Path()
    ours = "jupyter_devbox" in (spec.metadata or {})
    usable = program.is_absolute() and os.access(program, os.X_OK)  # it may be another user's
    fits = spec.language == "python" and usable
    return str(program) if fits and not ours else None


def _prober(interpreter: str) -> Callable[[str], str]:
    program = probe_module.__file__

    def ask(request: str) -> str:
        done = run_process([interpreter, program], stdin=request, timeout=120)
        if done.exit_code:
            message = f"The kernel's Python did not answer: `{interpreter}`"
            raise ProbeError(message, details=tuple(done.stderr.splitlines()[-5:]))
        return done.stdout

    return ask


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
