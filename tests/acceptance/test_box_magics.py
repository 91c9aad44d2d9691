"""The magics inside of the box: they print one line and fail nothing."""

from __future__ import annotations

import nbformat
import pytest
from machine import printed, write_notebook

from jupyter_devbox.engine.base import Engine


@pytest.mark.docker
@pytest.mark.network
@pytest.mark.slow
def test_in_the_box(small, engine: Engine):
    machine, project = small
    cells = ("%load_ext jupyter_devbox", "%containerize --target venv", "%devbox status", "1")
    write_notebook(project / "inside.ipynb", *cells)
    ran = machine.must("run", "inside.ipynb", "--output", "out.ipynb", "--json", cwd=project).json
    assert ran["error"] is None
    assert ran["cells"] == 4
    document = nbformat.read(project / "out.ipynb", as_version=4)
    assert not document.cells[0].outputs
    for cell in document.cells[1:3]:
        (line,) = printed(cell).splitlines()
        assert "box" in line
