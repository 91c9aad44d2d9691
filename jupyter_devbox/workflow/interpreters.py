"""The interpreters that notebooks' kernels run in, each asked by one process however often."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from jupyter_devbox.capture import capture_environment
from jupyter_devbox.capture import probe as probe_module
from jupyter_devbox.engine.dialogue import Dialogue
from jupyter_devbox.errors import ProbeError
from jupyter_devbox.files.project import Project
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.workflow.context import Context

_PATIENCE = 120.0


class Interpreters:
    """Captures saved notebooks with what their kernels' environments have.

    To start an interpreter and to look through its packages takes 0.1 s, so that it is done once
    for all notebooks of a call.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._asked: dict[str, Dialogue] = {}
        self._kernels: dict[str, str | None] = {}
        self._folders: dict[str, str] | None = None

    def close(self) -> None:
        """End the processes that were started."""
        for dialogue in self._asked.values():
            dialogue.close()
        self._asked.clear()

    def capture(self, notebook: Path, project: Project) -> KernelSnapshot:
        """Return the facts of a saved notebook.

        Raises
        ------
        NotebookError, UnsupportedKernelError
            The file cannot be captured.
        ProbeError
            The interpreter does not answer.
        """
        interpreter = self.own(notebook) or self._context.python
        snapshot = capture_environment(
            notebook, project=project.root, interpreter_probe=self._asker(interpreter)
        )
        return replace(snapshot, notebook=project.relative(notebook))

    def own(self, notebook: Path) -> str | None:
        """Return the Python of the notebook's own kernel; None if it is not here, or one of ours.

        Then it is asked about in the environment that devbox itself runs in.
        """
        try:
            metadata = json.loads(notebook.read_bytes().decode("utf-8-sig", "replace"))["metadata"]
            name = str(metadata["kernelspec"]["name"])
        except (OSError, ValueError, RecursionError, KeyError, TypeError):
            return None
        if name not in self._kernels:
            self._kernels[name] = self._interpreter(name)
        return self._kernels[name]

    def _interpreter(self, kernel: str) -> str | None:
        if self._folders is None:
            self._folders = _kernelspec_folders(self._context)
        try:
            content = Path(self._folders[kernel.lower()], "kernel.json").read_bytes()
            spec = json.loads(content)
            program, language = Path(spec["argv"][0]), spec["language"]
            ours = "jupyter_devbox" in (spec.get("metadata") or {})
        except (LookupError, AttributeError, OSError, ValueError, TypeError, RecursionError):
            return None  # there is none of that name, or its file is damaged
        usable = program.is_absolute() and os.access(program, os.X_OK)  # it may be another user's
        return str(program) if language == "python" and usable and not ours else None

    def _asker(self, interpreter: str) -> Callable[[str], str]:
        def ask(request: str) -> str:
            known = self._asked.get(interpreter)
            if known is None:
                known = Dialogue([interpreter, probe_module.__file__])
                self._asked[interpreter] = known
            answer = known.ask(request, _PATIENCE)
            if not answer:
                message = f"The kernel's Python did not answer: `{interpreter}`"
                raise ProbeError(message, details=known.complaint())
            return answer

        return ask


def _kernelspec_folders(context: Context) -> dict[str, str]:
    """Return name → folder of the kernelspecs that Jupyter finds.

    Left to itself it imports IPython: for that one's old folder, and for the kernelspec in
    ipykernel's package, which means our own Python.
    """
    from jupyter_client.kernelspec import KernelSpecManager  # noqa: PLC0415
    from jupyter_core.paths import jupyter_path  # noqa: PLC0415

    old = Path(context.env.get("IPYTHONDIR") or context.home / ".ipython") / "kernels"
    places = [*jupyter_path("kernels"), str(old)]
    found = KernelSpecManager(kernel_dirs=places, ensure_native_kernel=False).find_kernel_specs()
    return dict(found)


@contextmanager
def interpreters(context: Context) -> Iterator[Interpreters]:
    """Yield what asks interpreters; its processes end with it."""
    asked = Interpreters(context)
    try:
        yield asked
    finally:
        asked.close()


def kernel_interpreter(context: Context, notebook: Path) -> str:
    """Return the Python that a notebook is asked about in: its kernel's, else our own."""
    return Interpreters(context).own(notebook) or context.python
