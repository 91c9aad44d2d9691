"""The quickstart in a folder of its own, on a machine that remembers nothing of it."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.spec.container import BuildRequest
from jupyter_devbox.workflow.context import Context, this_machine

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

SMALL = ("toolz", "tabulate", "humanize", "text-unidecode", "python-slugify", "more-itertools",
         "sortedcontainers")  # fmt: skip


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


def from_nothing(context: Context, engine: Engine, folder: Path) -> float:
    """Return the seconds of a build that takes no layer from the cache."""
    secrets = {"ca": context.ca_bundle} if context.ca_bundle else {}
    request = BuildRequest(
        context=str(folder), tag="devbox-bench:cold", secrets=secrets, no_cache=True
    )
    begin = time.perf_counter()
    engine.build(request, lambda _: None, threading.Event())
    return time.perf_counter() - begin
