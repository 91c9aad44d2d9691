"""Lock, `%containerize --no-build` and the magic's import, everything cached."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.project import quickstart
from benchmarks.table import head, median_seconds, row
from jupyter_devbox.capture import capture_live
from jupyter_devbox.capture.notebook import read_notebook
from jupyter_devbox.engine.uv import run_uv
from jupyter_devbox.files.project import find_project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.lock import lock_environment
from jupyter_devbox.workflow.capturing import capture_saved
from jupyter_devbox.workflow.containerize import containerize
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.planning import make_plan
from jupyter_devbox.workflow.requests import ContainerizeRequest


def main() -> None:
    """Print the table."""
    with quickstart() as (context, folder):
        head()
        _lock(context, folder)
        _no_build(context, folder)
        _import()


def _lock(context: Context, folder: Path) -> None:
    notebook = folder / "quickstart.ipynb"
    project = find_project(folder, home=context.home)
    snapshot = capture_saved(context, notebook, project)
    request = ContainerizeRequest(notebooks=(notebook,), build=False)
    existing = read_environment(project.root)
    plan = make_plan(context, request, project, existing, (snapshot,), engine=None)
    seconds = median_seconds(lambda: lock_environment(plan.environments[0].spec, existing))
    floor = median_seconds(lambda: run_uv(["--version"]))
    row("lock, everything cached", f"{seconds * 1000:.0f} ms", "≤ 200 ms",
        f"starting uv alone {floor * 1000:.0f} ms")  # fmt: skip


def _no_build(context: Context, folder: Path) -> None:
    """Measure what the magic does in a running kernel."""
    notebook = folder / "quickstart.ipynb"
    cells = [(cell.number, cell.source) for cell in read_notebook(notebook).cells]

    def once() -> None:
        snapshot = capture_live(cells=cells, history=[], notebook=notebook, project=folder)
        request = ContainerizeRequest(notebooks=(notebook,), snapshot=snapshot, build=False)
        containerize(context, request, lambda _: None)

    seconds = median_seconds(once)
    row("`%containerize --no-build`, warm", f"{seconds * 1000:.0f} ms", "≤ 500 ms")


def _import() -> None:
    """Measure `%load_ext jupyter_devbox` in a Python that has IPython loaded already."""
    code = (
        "import time, IPython.core.magic; begin = time.perf_counter(); "
        "import jupyter_devbox, jupyter_devbox.magics; print(time.perf_counter() - begin)"
    )
    times = []
    for _ in range(9):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        times.append(float(done.stdout))
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    bare = time.perf_counter() - begin
    row("`import jupyter_devbox` as a magic", f"{statistics.median(times[1:]) * 1000:.1f} ms",
        "≤ 60 ms", f"a bare Python starts in {bare * 1000:.0f} ms")  # fmt: skip


if __name__ == "__main__":
    main()
