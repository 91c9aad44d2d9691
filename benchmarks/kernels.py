"""Kernels in the box and in containers of their own, against a kernel on the host.

::

    python -m benchmarks.kernels [--pairs N] [--json]

Every ratio is the median over interleaved pairs, so that a busy machine hits both sides. The
quickstart is containerized, and the host's kernel has the same lock, in the image's version of
Python where this machine has it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from benchmarks.fair_host import fair_python
from benchmarks.project import quickstart
from jupyter_devbox.engine.base import Engine
from jupyter_devbox.engine.detect import connect
from jupyter_devbox.run import probe
from jupyter_devbox.run.identity import IDLE
from jupyter_devbox.run.runtime_dir import BASE_VARIABLE
from jupyter_devbox.spec.box import LABEL_PROJECT
from jupyter_devbox.spec.container import ContainerSpec
from jupyter_devbox.spec.kernelspec import SPEC_VARIABLE, with_provisioner
from jupyter_devbox.workflow.containerize import containerize
from jupyter_devbox.workflow.requests import ContainerizeRequest

_OUTPUTS = 11
"""Pairs of 100 MiB at most: a kernel's memory grows with what it has printed, the host's too, and
four of them were seen to take 2 GB each."""

KINDS = ("host", "box", "kernel", "stream", "shim")
ROUND_TRIPS = 200
GOALS = {
    "box ÷ host: start → kernel_info": 1.25,
    "box ÷ host: start → wait_for_ready": 1.10,
    "box ÷ host: `pass` round trip": 1.08,
    "container a kernel ÷ host: start → kernel_info": 1.9,
    "container a kernel ÷ host: start → wait_for_ready": 1.45,
    "killed container noticed by `poll()`, ms": 150,
}


def write_kernelspecs(folder: Path, project: Path, image: str, python: str) -> None:
    """Write one kernelspec a kind."""
    for kind in KINDS:
        here = folder / "kernels" / kind
        here.mkdir(parents=True)
        command = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        isolation = "kernel" if kind == "kernel" else "box"
        # A box of its own: a transport is found out once for each.
        target = "cuda" if kind == "stream" else "cpu"
        ours = {
            "config": {
                "image": image,
                "project": str(project),
                "isolation": isolation,
                "target": target,
            }
        }
        shim = [sys.executable, "-m", "jupyter_devbox.shim", "-f", "{connection_file}"]
        metadata: dict[str, Any] = {"jupyter_devbox": ours}
        document = {
            "argv": shim if kind == "shim" else command,
            "display_name": kind,
            "language": "python",
            "env": {SPEC_VARIABLE: kind} if kind == "shim" else {},
            "interrupt_mode": "message",
            "metadata": {"host": {}, "shim": metadata}.get(kind, with_provisioner(metadata)),
        }
        (here / "kernel.json").write_text(json.dumps(document), encoding="utf-8")


@contextmanager
def started(kind: str, project: Path) -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    """Start a kernel; yield it with a client whose channels are open."""
    manager = KernelManager(kernel_name=kind)
    manager.start_kernel(cwd=str(project))
    client = manager.client()
    client.start_channels()
    try:
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def to_kernel_info(kind: str, project: Path) -> float:
    """Return milliseconds from the start of a kernel to its first answer."""
    begin = time.perf_counter()
    with started(kind, project) as (_, client):
        client.kernel_info()
        client.get_shell_msg(timeout=60)
        return 1e3 * (time.perf_counter() - begin)


def to_ready(kind: str, project: Path) -> float:
    """Return milliseconds from the start of a kernel to what Jupyter calls ready."""
    begin = time.perf_counter()
    with started(kind, project) as (_, client):
        client.wait_for_ready(timeout=60)
        return 1e3 * (time.perf_counter() - begin)


def to_container(engine: Engine, image: str) -> float:
    """Return milliseconds until an empty container runs: nothing of ours can be quicker."""
    begin = time.perf_counter()
    container = engine.create(ContainerSpec(image=image, command=IDLE))
    try:
        engine.start(container)
        return 1e3 * (time.perf_counter() - begin)
    finally:
        engine.remove(container)


def in_turns(
    project: Path, pairs: int, measure: Callable[[BlockingKernelClient], float]
) -> dict[str, list[float]]:
    """Return a figure of running kernels of each kind, in turns."""
    kinds = ("host", "box", "stream", "shim")
    found: dict[str, list[float]] = {kind: [] for kind in kinds}
    with ExitStack() as stack:
        clients = {kind: stack.enter_context(started(kind, project))[1] for kind in kinds}
        for client in clients.values():
            client.wait_for_ready(timeout=60)
        for _ in range(pairs):
            for kind, client in clients.items():
                found[kind].append(measure(client))
    return found


def seconds_of_output(client: BlockingKernelClient) -> float:
    """Return seconds until 100 MiB of printed text have arrived."""
    begin = time.perf_counter()
    sent = client.execute("for _ in range(100): print('x' * (2**20 - 1))")
    while not is_idle(client.get_iopub_msg(timeout=60), sent):
        pass
    elapsed = time.perf_counter() - begin
    while client.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != sent:
        pass
    return elapsed


@contextmanager
def no_dialling() -> Iterator[None]:
    """Let a box's probe fail, so that its kernels come over a stream."""
    with mock.patch.object(probe, "_heard", return_value=b""):
        yield


def trips(client: BlockingKernelClient) -> Iterator[float]:
    """Yield the milliseconds of single round trips."""
    for _ in range(ROUND_TRIPS):
        begin = time.perf_counter()
        sent = client.execute("pass")
        while client.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != sent:
            pass  # answers to what wait_for_ready asked
        yield 1e3 * (time.perf_counter() - begin)
        while not is_idle(client.get_iopub_msg(timeout=60), sent):
            pass


def is_idle(message: dict[str, Any], sent: str) -> bool:
    """Tell whether a message says that the kernel is done with a request."""
    mine = message["parent_header"].get("msg_id") == sent
    return bool(mine and message["content"].get("execution_state") == "idle")


def noticed(engine: Engine, project: Path) -> float:
    """Return milliseconds from the removal of a container to the exit code that `poll` returns."""
    manager = KernelManager(kernel_name="kernel")
    manager.start_kernel(cwd=str(project))
    provisioner: Any = manager.provisioner
    container = asyncio.run(provisioner.get_provisioner_info())["container"]
    begin = time.perf_counter()
    engine.remove(container)
    while manager.is_alive():
        time.sleep(0.001)
    elapsed = 1e3 * (time.perf_counter() - begin)
    manager.shutdown_kernel(now=True)
    return elapsed


def ratio(times: dict[str, list[float]], kind: str) -> float:
    """Return the median over the pairs of a kind's time over the host's."""
    pairs = zip(times[kind], times["host"], strict=True)
    return statistics.median(mine / host for mine, host in pairs)


def measure(engine: Engine, project: Path, image: str, pairs: int) -> dict[str, float]:
    """Return every figure of the table."""
    empty: list[float] = []
    info: dict[str, list[float]] = {kind: [] for kind in KINDS}
    ready: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with no_dialling():
        to_ready("stream", project)
    for kind in KINDS:  # the box, caches
        to_ready(kind, project)
    for _ in range(pairs):
        for kind in KINDS:
            info[kind].append(to_kernel_info(kind, project))
        for kind in KINDS:
            ready[kind].append(to_ready(kind, project))
        empty.append(to_container(engine, image))
    floor = [one + host for one, host in zip(empty, info["host"], strict=True)]
    trip = in_turns(project, pairs, lambda client: statistics.median(trips(client)))
    output = in_turns(project, min(pairs, _OUTPUTS), seconds_of_output)
    return {
        "box ÷ host: start → kernel_info": ratio(info, "box"),
        "box ÷ host: start → wait_for_ready": ratio(ready, "box"),
        "box ÷ host: `pass` round trip": ratio(trip, "box"),
        "container a kernel ÷ host: start → kernel_info": ratio(info, "kernel"),
        "container a kernel ÷ host: start → wait_for_ready": ratio(ready, "kernel"),
        "an empty container, then the host's ÷ host: start → kernel_info": ratio(
            {**info, "floor": floor}, "floor"
        ),
        "killed container noticed by `poll()`, ms": statistics.median(
            noticed(engine, project) for _ in range(pairs)
        ),
        **{
            f"{kind} ÷ host: {what}": ratio(times, kind)
            for kind in ("stream", "shim")
            for what, times in (
                ("start → kernel_info", info),
                ("start → wait_for_ready", ready),
                ("`pass` round trip", trip),
                ("100 MiB of output", output),
            )
        },
        "box ÷ host: 100 MiB of output": ratio(output, "box"),
        "host: 100 MiB of output, s": statistics.median(output["host"]),
        "host: start → kernel_info, ms": statistics.median(info["host"]),
        "host: start → wait_for_ready, ms": statistics.median(ready["host"]),
        "host: `pass` round trip, ms": statistics.median(trip["host"]),
    }


def main() -> int:
    """Measure, print, and remove what was made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    engine = connect()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp", prefix="jdb-b-"))
        context, source = stack.enter_context(quickstart())
        request = ContainerizeRequest(notebooks=(source / "quickstart.ipynb",))
        made = containerize(context, request, lambda _: None)
        if made.image is None:
            return 1
        stack.callback(engine.remove_image, made.image.tags[0])
        python, version = fair_python(
            Path(folder, "venv"), source / ".devcontainer", made.lock.python
        )
        print(f"box: Python {made.lock.python}; host: Python {version}; {options.pairs} pairs\n")
        project = Path(folder, "project")
        project.mkdir()
        write_kernelspecs(Path(folder), project, made.image.id, str(python))
        os.environ["JUPYTER_PATH"] = folder
        os.environ["JUPYTER_DATA_DIR"] = str(Path(folder, "data"))
        os.environ[BASE_VARIABLE] = str(Path(folder, "r"))
        try:
            figures = measure(engine, project, made.image.id, options.pairs)
        finally:
            for container in engine.containers({LABEL_PROJECT: str(project)}):
                engine.remove(container.id)
    if options.json:
        print(json.dumps(figures, indent=2, ensure_ascii=False))
        return 0
    print("| what | goal | here |\n|---|---|---|")
    for name, figure in figures.items():
        goal = f"≤ {GOALS[name]}" if name in GOALS else ""
        print(f"| {name} | {goal} | {figure:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
