"""`run`: execute a notebook in the project's box, or in its virtual environment."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_devbox.engine.scratch import scratch
from jupyter_devbox.errors import DevboxError, KernelStartError, NotebookError, RunError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.writer import atomic_write, refuse_unwritable, writing
from jupyter_devbox.run.death import last_lines
from jupyter_devbox.run.kernelspec import InstalledSpec, installed_kernelspecs
from jupyter_devbox.spec.groups import ONLY, environment_title
from jupyter_devbox.spec.kernelspec import with_provisioner
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.splitting import notebook_group
from jupyter_devbox.workflow.trusting import require_configuration

_MARK = "jupyter_devbox_output"
_OUTPUT = "add --output FILE, in a folder that you can write"
_SILENT = logging.getLogger(f"{__name__}.jupyter_client")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """How a run ended.

    Parameters
    ----------
    notebook, output
        Input file, and the file with the outputs.
    cells
        Number of code cells executed.
    seconds
        Wall time, kernel start included.
    error
        (cell, ename, evalue) of the cell that raised, 1-based; None if none did.
    """

    notebook: Path
    output: Path
    cells: int
    seconds: float
    kernel: str
    error: tuple[int, str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the object of `run --json` (DESIGN, contracts)."""
        error = self.error and dict(zip(("cell", "ename", "evalue"), self.error, strict=True))
        return {
            "notebook": str(self.notebook),
            "output": str(self.output),
            "cells": self.cells,
            "seconds": round(self.seconds, 2),
            "error": error,
        }


def find_kernel(
    context: Context, project: Project, target: str | None, group: str = ONLY
) -> InstalledSpec:
    """Return an environment's kernel: of that target, else the box's, else the venv's.

    Raises
    ------
    RunError
        There is none.
    """
    specs = {
        str(spec.ours.get("target")): spec
        for spec in installed_kernelspecs(context.kernels)
        if spec.ours.get("project") == str(project.root)
        and (spec.ours.get("group") or ONLY) == group
    }
    for wanted in [target] if target else ["cpu", "cuda", "venv"]:
        if wanted in specs:
            return specs[wanted]
    message = f"{environment_title(project.name, group)} has no kernel yet" + (
        f" for the target: `{target}`" if target else ""
    )
    raise RunError(message, hint="jupyter devbox containerize NOTEBOOK.ipynb")


def read_notebook(path: Path) -> Any:  # noqa: ANN401  (nbformat is untyped)
    """Return a notebook in the current format.

    Raises
    ------
    NotebookError
        It cannot be read.
    """
    import nbformat  # noqa: PLC0415  (deferred: jsonschema takes its time)

    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, RecursionError, KeyError, nbformat.ValidationError) as error:
        message = f"This is not a notebook that can be run: `{path}`"
        raise NotebookError(message, hint="open it in JupyterLab and save it again") from error


def run_notebook(
    context: Context,
    notebook: Path,
    project: Project,
    *,
    target: str | None = None,
    output: Path | None = None,
    timeout: float | None = None,
    on_cell: Callable[[int, int], None] | None = None,
) -> RunResult:
    """Execute a notebook with the project's kernel and write the notebook with its outputs.

    Parameters
    ----------
    target
        ``cpu``, ``cuda`` or ``venv``; None takes the first of them that there is.
    output
        Where the outputs go; by default NAME.out.ipynb beside it. A file there that is not an
        output of ours is never replaced.
    timeout
        Seconds a cell may take; None for no limit.
    on_cell
        Told of each cell before it runs: its number and how many there are.

    Raises
    ------
    RunError
        There is no kernel, or it did not start; or the notebook is in no group of a split project.
    UntrustedProjectError
        devcontainer.json is not approved as it is.
    FileError
        The output cannot be written; where its folder cannot, nothing was run.
    """
    require_configuration(context, project.root)
    group = notebook_group(project, notebook)
    spec = find_kernel(context, project, target, group)
    cuda = spec.ours.get("target") == "cuda"
    require_configuration(context, project.root, "cuda" if cuda else "cpu", group)
    document = read_notebook(notebook)
    refuse_unwritable((output or notebook).parent, _OUTPUT)
    started = time.monotonic()
    error = execute(document, spec.name, notebook.parent, timeout=timeout, on_cell=on_cell)
    destination = output or _free_output(notebook)
    document.metadata[_MARK] = True
    import nbformat  # noqa: PLC0415

    with writing(destination.parent, _OUTPUT):
        atomic_write(destination, nbformat.writes(document).encode())
    cells = sum(
        1 for cell in document.cells if cell.cell_type == "code" and cell.get("execution_count")
    )
    return RunResult(
        notebook=notebook,
        output=destination,
        cells=cells,
        seconds=time.monotonic() - started,
        kernel=str(spec.content.get("display_name", spec.name)),
        error=error,
    )


def execute(
    document: Any,  # noqa: ANN401
    kernel: str,
    folder: Path,
    *,
    timeout: float | None = None,
    on_cell: Callable[[int, int], None] | None = None,
) -> tuple[int, str, str] | None:
    """Execute a notebook in place; return (cell, ename, evalue) of the one that raised.

    Raises
    ------
    KernelStartError
        The kernel did not start or died.
    """
    from jupyter_client.kernelspec import NoSuchKernel  # noqa: PLC0415
    from nbclient import NotebookClient  # noqa: PLC0415
    from nbclient.exceptions import (  # noqa: PLC0415
        CellExecutionError,
        CellTimeoutError,
        DeadKernelError,
    )

    total = len(document.cells)

    def announce(cell: Any, cell_index: int) -> None:  # noqa: ANN401, ARG001
        if on_cell is not None:
            on_cell(cell_index + 1, total)

    client = NotebookClient(
        document,
        kernel_name=kernel,
        timeout=timeout,
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=announce,
    )
    with scratch("run") as ours:
        log = ours / "kernel.log"
        _listen_at(client, ours)
        try:
            _finish(client, log)
        except CellExecutionError as error:
            return _failed_cell(document), error.ename, error.evalue
        except CellTimeoutError as error:
            message = f"A cell took longer than {timeout:.0f} seconds: `{_failed_cell(document)}`"
            raise RunError(message, hint="raise the limit with --timeout") from error
        except (DeadKernelError, NoSuchKernel) as error:
            raise _cause(client, error, log) from error
        except RuntimeError as error:
            if not str(error).startswith("Kernel "):  # died or was silent before its first word
                raise
            atexit.unregister(client._cleanup_kernel)  # noqa: SLF001  (it has, and would fail now)
            raise _cause(client, error, log) from error
    return None


def _finish(client: Any, log: Path) -> None:  # noqa: ANN401  (nbclient is untyped)
    """Run a client to its end. Ctrl-C ends it with its kernel, and goes on as KeyboardInterrupt.

    It gets a thread of its own: in the main thread nbclient handles Ctrl-C itself, by a failure.
    A local kernel's own words go to `log`, as those of one in a box do: ipykernel may
    end with a traceback of sockets that are closed already, which tells the user nothing.
    """
    tasks: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[Any]]] = []
    stopped = threading.Event()

    async def whole() -> None:
        execution = asyncio.ensure_future(client.async_execute(stdout=said, stderr=said))
        tasks.append((asyncio.get_running_loop(), execution))
        if stopped.is_set():  # before there was a task to cancel
            execution.cancel()
        try:
            await execution
        except asyncio.CancelledError:
            # nbclient ends a kernel whose cells run, and leaves one that was starting to atexit,
            # where no thread can be had any more.
            if client.km is not None and client.km.has_kernel:
                await client._async_cleanup_kernel()  # noqa: SLF001
            atexit.unregister(client._cleanup_kernel)  # noqa: SLF001
            raise

    with log.open("ab") as said, ThreadPoolExecutor(1) as pool:
        running = pool.submit(asyncio.run, whole())
        try:
            running.result()
        except KeyboardInterrupt:
            client.shutdown_kernel = "immediate"
            stopped.set()
            for loop, execution in tasks:
                with suppress(RuntimeError):  # the loop is closed: it has ended by itself
                    loop.call_soon_threadsafe(execution.cancel)
            raise


def _cause(client: Any, error: Exception, log: Path) -> DevboxError:  # noqa: ANN401
    """Return why a kernel died: its provisioner knows more than nbclient, or it said so itself."""
    why = getattr(getattr(client.km, "provisioner", None), "why", None)
    known = why() if why is not None else None
    if isinstance(known, DevboxError):
        return known
    begun = not isinstance(error, RuntimeError)
    message = f"The kernel ended {'while the notebook ran' if begun else 'before it answered'}"
    details = (str(error), *last_lines(log))
    return KernelStartError(message, hint="jupyter devbox doctor", details=details)


def _listen_at(client: Any, folder: Path) -> None:  # noqa: ANN401  (nbclient is untyped)
    """Let a local kernel listen on sockets in a folder of ours, not on ports of the machine.

    What jupyter_client logs of a failed start is a traceback; we say the cause instead.
    """
    manager = client.create_kernel_manager()
    manager.log = _SILENT
    if "config" in manager.kernel_spec.metadata.get("jupyter_devbox", {}):
        # This process has the provisioner, whether or not the servers that run have it.
        manager.kernel_spec.metadata = with_provisioner(manager.kernel_spec.metadata)
    if os.name == "posix":
        manager.transport = "ipc"
        manager.ip = str(folder / "kernel")


def _failed_cell(document: Any) -> int:  # noqa: ANN401
    """Return the number of the last cell that was begun, 1-based, markdown cells counted."""
    begun = [
        number
        for number, cell in enumerate(document.cells, start=1)
        if cell.cell_type == "code"
        and (cell.get("execution_count") or any(o.output_type == "error" for o in cell.outputs))
    ]
    return begun[-1] if begun else 1


def _free_output(notebook: Path) -> Path:
    """Return NAME.out.ipynb, or NAME.out-2.ipynb, … where a file of the user's own stands."""
    number = 1
    while True:
        tail = "" if number == 1 else f"-{number}"
        path = notebook.with_name(f"{notebook.stem}.out{tail}.ipynb")
        if not path.exists() or _MARK in path.read_text(encoding="utf-8", errors="replace"):
            return path
        number += 1
