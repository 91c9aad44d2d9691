"""What the magics do on the host: capture this kernel, then containerize in the cell."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_devbox.capture import capture_live, find_notebook
from jupyter_devbox.capture.notebook import read_notebook
from jupyter_devbox.cli.app import find_verb, usage
from jupyter_devbox.cli.containerize import ContainerizeVerb
from jupyter_devbox.errors import BuildCancelledError, DevboxError, NotebookError
from jupyter_devbox.files.project import find_project
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.view import bundle, wording
from jupyter_devbox.view.cell import CellView, in_jupyter, widgets_work
from jupyter_devbox.view.plain import NotebookText
from jupyter_devbox.view.progress import Progress, phases_for
from jupyter_devbox.view.units import clean
from jupyter_devbox.workflow.capturing import check_notebook
from jupyter_devbox.workflow.containerize import containerize
from jupyter_devbox.workflow.context import Context, this_machine
from jupyter_devbox.workflow.requests import ContainerizeRequest, ContainerizeResult

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def containerize_here(shell: InteractiveShell, words: list[str]) -> None:
    """Containerize the notebook of this kernel; errors are printed as one sentence and a hint."""
    try:
        request = _parse(words)
    except SystemExit:
        return
    except DevboxError as error:
        _print_error(error)
        return
    context = this_machine()
    try:
        request = _with_live_kernel(context, shell, request)
    except DevboxError as error:
        _print_error(error)
        return
    progress = Progress(phases_for(request.targets, build=request.build))
    if widgets_work(os.environ, shell.user_ns) and not request.dry_run:
        CellView(context, request, progress).start()
        return
    _in_text(context, request, progress)


def run_verb(words: list[str]) -> None:
    """Run one verb of the command line in this kernel, and swallow its exit."""
    name = words[0] if words else ""
    verb = find_verb(name)
    if verb is None:
        print(usage("%devbox", name))
        return
    app = verb()
    try:
        app.initialize(words[1:])
        app.start()
    except SystemExit as end:
        if end.code not in {0, None}:
            print(f"(exit code {end.code})", file=sys.stderr)


def _parse(words: list[str]) -> ContainerizeRequest:
    """Return the request of the magic's words: the command line's own options."""
    verb = ContainerizeVerb()
    verb.read(words)
    return verb.whole_request()


def _with_live_kernel(
    context: Context, shell: InteractiveShell, request: ContainerizeRequest
) -> ContainerizeRequest:
    """Return the request with what this kernel says about its own notebook."""
    notebook = request.notebooks[0] if request.notebooks else None
    if notebook is None:
        notebook = find_notebook(os.environ, shell.user_ns) or _by_content(_history(shell))
    if notebook is None:
        message = "The notebook's file is not known here"
        raise NotebookError(message, hint="%containerize NOTEBOOK.ipynb")
    notebook = check_notebook(notebook)
    home = Path(notebook.anchor) if request.yes else context.home
    project = find_project(notebook.parent, home=home, chosen=request.project)
    snapshot = _live_snapshot(shell, notebook, project.root)
    others = request.notebooks[1:]
    return replace(request, notebooks=(notebook, *others), snapshot=snapshot)


def _live_snapshot(shell: InteractiveShell, notebook: Path, project: Path) -> KernelSnapshot:
    cells = read_notebook(notebook).cells
    return capture_live(
        cells=[(cell.number, cell.source) for cell in cells],
        history=_history(shell),
        notebook=notebook,
        project=project,
    )


def _history(shell: InteractiveShell) -> list[str]:
    return list(shell.history_manager.input_hist_raw) if shell.history_manager else []


def _by_content(history: list[str]) -> Path | None:
    """Return the one notebook of this folder that holds every cell that was run here.

    `jupyter execute` and nbclient tell a kernel nothing about its notebook.
    """
    run = {text.strip() for text in history if text.strip()}
    fitting = []
    for path in sorted(Path.cwd().glob("*.ipynb")):
        try:
            cells = {cell.source.strip() for cell in read_notebook(path).cells}
        except DevboxError:
            continue
        if run and run <= cells:
            fitting.append(path)
    return fitting[0] if len(fitting) == 1 else None


def _in_text(context: Context, request: ContainerizeRequest, progress: Progress) -> None:
    view = NotebookText(sys.stdout, progress)
    cancel = threading.Event()
    try:
        result = containerize(context, request, view, cancel)
    except (KeyboardInterrupt, BuildCancelledError):
        cancel.set()
        print("Stopped. The finished steps are kept: running the cell again goes on from there.")
    except DevboxError as error:
        view.failed()
        _print_error(error)
    else:
        _print_result(request, result)


def _print_result(request: ContainerizeRequest, result: ContainerizeResult) -> None:
    if request.dry_run:
        for change in result.changes.changes:
            print("\n".join(map(clean, change.diff())))
        if not result.changes.changes:
            print("Nothing would be written: the files are up to date.")
        return
    text = "\n".join(["", *wording.ready(result), "", *wording.next_in_notebook(result)])
    output = bundle.ready(result) if in_jupyter(os.environ) else {}
    if output:
        from IPython.display import display  # noqa: PLC0415

        display({**output, "text/plain": text.lstrip()}, raw=True)
    else:
        print(text)


def _print_error(error: DevboxError) -> None:
    print("\n".join(wording.failure(error, "%containerize")))
