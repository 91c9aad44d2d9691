"""`sync` of one small package that was installed in the box, against a build from nothing."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from jupyter_client.manager import KernelManager

from benchmarks.project import SMALL, from_nothing, quickstart
from benchmarks.table import head, row
from jupyter_devbox.engine.base import Engine
from jupyter_devbox.engine.detect import connect
from jupyter_devbox.files.project import find_project
from jupyter_devbox.run.runtime_dir import BASE_VARIABLE
from jupyter_devbox.spec.box import LABEL_PROJECT
from jupyter_devbox.workflow.containerize import containerize
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.requests import ContainerizeRequest
from jupyter_devbox.workflow.syncing import SyncRequest, sync


def main() -> None:
    """Print the row, and remove what was made."""
    engine = connect()
    with quickstart() as (machine, folder), ExitStack() as stack:
        jupyter = folder.parent / "jupyter"
        os.environ["JUPYTER_DATA_DIR"] = str(jupyter)
        os.environ[BASE_VARIABLE] = str(folder.parent / "r")
        context = replace(machine, data=jupyter / "devbox", kernels=jupyter / "kernels")
        notebook = folder / "quickstart.ipynb"
        made = containerize(context, ContainerizeRequest(notebooks=(notebook,)), lambda _: None)
        if made.image is None:
            return
        tag = made.image.tags[0]
        stack.callback(engine.remove_image, tag)
        stack.callback(engine.remove_image, "devbox-bench:cold")
        cold = [from_nothing(context, engine, folder / ".devcontainer") for _ in SMALL]
        with _kernel(engine, made.kernels[0].name, folder) as install:
            times = list(_synced(context, folder, install))
    head()
    floor, whole = statistics.median(cold), statistics.median(times)
    row("`sync` of one small package, rebuild included ÷ cold build", f"{whole / floor:.3f}",
        "≤ 0.12", f"{whole:.2f} s of {floor:.1f} s, {len(times)} runs")  # fmt: skip


def _synced(context: Context, folder: Path, install: Callable[[str], None]) -> Iterator[float]:
    """Yield the seconds of each package's `sync`; its installation in the box is not counted."""
    project = find_project(folder, home=context.home)
    for name in SMALL:
        install(name)
        begin = time.perf_counter()
        done = sync(context, SyncRequest(project=project), lambda _: None)
        took = time.perf_counter() - begin
        added = [package.name for box in done.boxes for package in box.additions.wanted]
        if name not in added or not done.restart:
            message = f"nothing was built for: {name}"
            raise RuntimeError(message)
        yield took


@contextmanager
def _kernel(engine: Engine, name: str, folder: Path) -> Iterator[Callable[[str], None]]:
    """Run the project's kernel; yield what installs a package in its box."""
    manager = KernelManager(kernel_name=name)
    manager.start_kernel(cwd=str(folder))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)

        def install(package: str) -> None:
            command = f"%pip install -q --disable-pip-version-check {package}"
            client.execute_interactive(command, timeout=300, output_hook=lambda _: None)

        yield install
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        for container in engine.containers({LABEL_PROJECT: str(folder.resolve())}):
            engine.remove(container.id)


if __name__ == "__main__":
    main()
