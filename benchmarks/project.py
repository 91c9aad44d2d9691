"""The quickstart in a folder of its own, on a machine that remembers nothing of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from jupyter_devbox.workflow.context import Context, this_machine

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@contextmanager
def quickstart() -> Iterator[tuple[Context, Path]]:
    """Yield a context with folders of its own, and the project's folder; both are removed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "quickstart")
        folder.mkdir()
        for file in ("quickstart.ipynb", "confusion.py"):
            shutil.copy2(EXAMPLES / file, folder)
        data, kernels = Path(name, "data"), Path(name, "kernels")
        yield replace(this_machine(), data=data, kernels=kernels), folder
