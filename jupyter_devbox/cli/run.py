"""`jupyter devbox run NOTEBOOK`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from traitlets import Float, Unicode

from jupyter_devbox.cli.verb import ALIASES, Verb
from jupyter_devbox.errors import NotebookFailedError
from jupyter_devbox.view.units import clean, count, duration
from jupyter_devbox.workflow.capturing import check_notebook
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.running import run_notebook


class RunVerb(Verb):
    """Execute a notebook in the box, and write it with its outputs."""

    name = "jupyter-devbox-run"
    description = __doc__
    examples = "jupyter devbox run analysis.ipynb --output results.ipynb"
    most_arguments = 1
    target = Unicode(help="cpu, cuda or venv; by default the box.").tag(config=True)
    output = Unicode(help="Where the outputs go; by default NAME.out.ipynb.").tag(config=True)
    timeout = Float(0.0, help="Seconds a cell may take; 0 for no limit.").tag(config=True)
    aliases = {
        **ALIASES,
        "target": "RunVerb.target",
        "output": "RunVerb.output",
        "timeout": "RunVerb.timeout",
    }

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Run one notebook; a cell that raises makes the exit code non-zero."""
        notebook = check_notebook(self.one_notebook())
        project = self.find_project(context, notebook.parent)
        result = run_notebook(
            context,
            notebook,
            project,
            target=self.target or None,
            output=Path(self.output).resolve() if self.output else None,
            timeout=self.timeout or None,
            on_cell=_announce if sys.stderr.isatty() and not self.json else None,
        )
        took = duration(result.seconds)
        self.say(f"{notebook.name} ran on {result.kernel}: {count(result.cells, 'cell')}, {took}.")
        self.say(f"Outputs: {result.output}")
        if result.error:
            cell, ename, evalue = result.error
            lines = evalue.splitlines() or [""]
            print(clean(f"Cell {cell} failed: {ename}: {lines[0]}"), file=sys.stderr)
            hint = "jupyter devbox verify proposes what is missing"
            if ename in {"ModuleNotFoundError", "ImportError"}:
                print(f"Next: {hint}", file=sys.stderr)
            return NotebookFailedError.exit_code, result.to_json()
        return 0, result.to_json()


def _announce(cell: int, total: int) -> None:
    sys.stderr.write(f"\r\033[Kcell {cell} of {total}")
    if cell == total:
        sys.stderr.write("\r\033[K")
    sys.stderr.flush()
