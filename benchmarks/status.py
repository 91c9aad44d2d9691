"""`status` of fifty notebooks: as a command, and what of that is its start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

from benchmarks.table import head, median_seconds, row

NOTEBOOKS = 50
CELLS = (
    "import nbformat, traitlets",
    "from packaging.version import Version",
    "values = [n ** 2 for n in range(10)]\nprint(values)",
    "import dateutil",
)


def main() -> None:
    """Measure both, in a project that was containerized without a build."""
    head()
    with TemporaryDirectory() as folder:
        home, project = Path(folder, "home"), Path(folder, "project")
        env = {**os.environ, "HOME": str(home), "JUPYTER_DATA_DIR": str(home / "jupyter")}
        home.mkdir()
        project.mkdir()
        names = [_notebook(project, number) for number in range(NOTEBOOKS)]
        devbox = (sys.executable, "-m", "jupyter_devbox")
        _run((*devbox, "containerize", *names, "--no-build"), project, env)
        whole = median_seconds(lambda: _run((*devbox, "status"), project, env))
        start = median_seconds(lambda: _run((*devbox, "status", "--help"), project, env))
    row(f"`status` of {NOTEBOOKS} notebooks, as a command", f"{whole:.2f} s", "≤ 1 s",
        f"its start alone {start:.2f} s")  # fmt: skip


def _notebook(project: Path, number: int) -> str:
    cells = [nbformat.v4.new_code_cell(text, id=f"c{n}") for n, text in enumerate(CELLS)]
    document = nbformat.v4.new_notebook(cells=cells)
    document.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    name = f"n{number:02}.ipynb"
    (project / name).write_text(nbformat.writes(document), encoding="utf-8")
    return name


def _run(words: tuple[str, ...], project: Path, env: dict[str, str]) -> None:
    subprocess.run(words, cwd=project, env=env, check=True, capture_output=True)


if __name__ == "__main__":
    main()
