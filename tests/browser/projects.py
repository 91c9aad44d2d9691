"""Projects for the browser's tests: small, and slow, failing or foreign on purpose."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

from acceptance.machine import Machine, write_notebook
from playwright.sync_api import expect

IN_IMAGE = re.compile("All (of it|the rest) is in the image")
PATIENCE = 240_000  # milliseconds for a build of which nothing is cached
CELL = (
    "import openpyxl, os\n"
    "print('in the box' if os.environ.get('JUPYTER_DEVBOX_BOX') else 'on the host')"
)


def notebook(machine: Machine, name: str, *cells: str) -> str:
    """Make a project with one notebook; return its path as Jupyter names it."""
    project = machine.project(name)
    write_notebook(project / "n.ipynb", *(cells or (CELL,)))
    return f"{name}/n.ipynb"


def written(machine: Machine, name: str, *lines: str, approved: bool = True) -> str:
    """Make a project whose Dockerfile has more lines, none of them cached, of the user's own."""
    path = notebook(machine, name)
    project = machine.root / "projects" / name
    machine.must("containerize", "n.ipynb", "--no-build", cwd=project)
    recipe = project / ".devcontainer" / "Dockerfile"
    own = "".join(f"RUN : {uuid.uuid4()}; {line}\n" for line in lines)
    recipe.write_text(recipe.read_text(encoding="utf-8") + own, encoding="utf-8")
    if approved:
        machine.must("trust", "--approve", cwd=project)
    return path


def ticking(machine: Machine, name: str, seconds: int) -> str:
    """Make a project whose build says `tick 1`, `tick 2`, … a second each."""
    numbers = " ".join(map(str, range(1, seconds + 1)))
    return written(machine, name, f"for i in {numbers}; do echo tick $i; sleep 1; done")


def built(machine: Machine, name: str, *cells: str) -> str:
    """Make a project with an image and a kernel; the notebook names that kernel."""
    project = machine.project(name)
    path = Path(f"{name}/n.ipynb")
    write_notebook(project / "n.ipynb", *(cells or (CELL,)))
    made = machine.must("containerize", "n.ipynb", "--json", cwd=project).json
    kernel = made["kernels"][0]["name"]
    spec = {"name": kernel, "display_name": f"{name} · CPU"}
    write_notebook(project / "n.ipynb", *(cells or (CELL,)), kernelspec=spec)
    return path.as_posix()


def in_its_box(lab, server, name: str):
    """Open a built project's notebook and run its cell; return panel and box."""
    lab.open(built(server.machine, name))
    assert "in the box" in lab.run_cell(0)
    panel = lab.show_panel()
    expect(panel).to_contain_text(IN_IMAGE)
    (box,) = [
        box for box in server.ask("jupyter-devbox/boxes")["boxes"] if box["project"]["name"] == name
    ]
    return panel, box
