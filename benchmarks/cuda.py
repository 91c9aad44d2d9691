"""The CUDA twin: how quickly it is planned, and how near the size said before the build comes."""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import nbformat

from benchmarks.project import EXAMPLES, quickstart
from benchmarks.table import head, median_seconds, row
from benchmarks.torch_index import torch_index
from benchmarks.unpacked import unpacked
from jupyter_devbox.catalogue import read_catalogue
from jupyter_devbox.engine import uv
from jupyter_devbox.engine.detect import connect
from jupyter_devbox.engine.process import ProcessResult
from jupyter_devbox.files.project import find_project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.spec.environment import EnvironmentSpec, Target
from jupyter_devbox.spec.gpu import GpuHost
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.workflow import planning
from jupyter_devbox.workflow.capturing import capture_saved
from jupyter_devbox.workflow.containerize import containerize
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.planning import make_plan
from jupyter_devbox.workflow.plans import Plan
from jupyter_devbox.workflow.requests import ContainerizeRequest

RUNS = 15
DRIVER = "580.95"
OLDER = "550.54"
BASE = "python:3.11-slim-bookworm"
STACKS = (
    ("torch", DRIVER, ""),
    ("TensorFlow", DRIVER, "import tensorflow"),
    ("JAX, CUDA 13", DRIVER, "import jax"),
    ("JAX, CUDA 12", OLDER, "import jax"),
    ("CuPy", OLDER, "import cupy"),
    ("ONNX Runtime", DRIVER, "import onnxruntime"),
    ("cuDF", OLDER, "import cudf"),
    ("torch 2.8.0", DRIVER, "%pip install torch==2.8.0\nimport torch"),
    ("torch 2.11.0", DRIVER, "%pip install torch==2.11.0\nimport torch"),
    ("TensorFlow 2.18.1", DRIVER, "%pip install tensorflow==2.18.1\nimport tensorflow"),
    ("JAX 0.8.3", DRIVER, "%pip install jax==0.8.3\nimport jax"),
)
"""Name, driver and notebook; "" stands for examples/gpu.ipynb.

The ratios of `plan.estimate` were fitted to the newest releases; the last rows are not among them.
"""


def main() -> None:
    """Print the tables."""
    newest = read_catalogue().torch[0].torch
    with torch_index(newest) as address, quickstart() as (context, folder):
        catalogue = replace(read_catalogue(), torch_index=address)
        with patch.object(planning, "read_catalogue", lambda: catalogue):
            head()
            _speed(context, folder)
            _built(context, folder)
            _stacks(context, folder)


def _planner(
    context: Context, folder: Path, source: str, driver: str, targets: tuple[Target, ...]
) -> Callable[[], Plan]:
    """Return what plans a notebook, which is written and captured before."""
    project = folder.parent / f"{abs(hash((source, driver)))}"
    project.mkdir(exist_ok=True)
    notebook = project / "gpu.ipynb"
    if source:
        cells = [nbformat.v4.new_code_cell(source)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), notebook)
    else:
        shutil.copy2(EXAMPLES / "gpu.ipynb", notebook)
    found = find_project(project, home=context.home)
    existing = read_environment(found.root)
    snapshot = capture_saved(context, notebook, found)
    host = GpuHost(driver=driver, origin="--driver")
    request = ContainerizeRequest(notebooks=(notebook,), targets=targets, gpu_host=host)
    return lambda: make_plan(context, request, found, existing, (snapshot,), engine=None)


def _speed(context: Context, folder: Path) -> None:
    """Compare planning both targets with the CPU alone, and say what of it is uv's."""
    both = _planner(context, folder, "", DRIVER, ("cuda",))
    alone = _planner(context, folder, "", DRIVER, ("cpu",))
    (planned,) = both().environments
    twin = planned.twin
    if twin is None or twin.lock is None:
        sys.exit(f"the twin was not locked: {twin and twin.problem}")
    alone()
    rounds = [_round(both, alone) for _ in range(RUNS)]
    seconds, resolving, cpu = (statistics.median(column) for column in zip(*rounds, strict=True))
    more = statistics.median(one - other for one, _, other in rounds)
    floor = median_seconds(lambda: uv.run_uv(["--version"]))
    row("plan of gpu.ipynb for CUDA, everything cached", f"{seconds * 1000:.0f} ms", "≤ 500 ms",
        f"of it uv {resolving * 1000:.0f} ms; starting uv alone {floor * 1000:.0f} ms",
        )  # fmt: skip
    row("… for the CPU alone", f"{cpu * 1000:.0f} ms", "",
        f"in turns: the twin is {more * 1000:.0f} ms more")  # fmt: skip


def _round(both: Callable[[], object], alone: Callable[[], object]) -> tuple[float, float, float]:
    """Return the seconds of a plan with its twin, those of uv in it, and of a plan without."""
    begin = time.perf_counter()
    with _timed() as calls:
        both()
    middle = time.perf_counter()
    alone()
    return middle - begin, sum(calls), time.perf_counter() - middle


@contextmanager
def _timed() -> Iterator[list[float]]:
    """Yield a list that gets the seconds of each call of uv."""
    calls: list[float] = []
    run = uv.run_uv

    def timed(arguments: Sequence[str], **more: object) -> ProcessResult:
        begin = time.perf_counter()
        done = run(arguments, **more)  # type: ignore[arg-type]
        calls.append(time.perf_counter() - begin)
        return done

    with patch.object(uv, "run_uv", timed):
        yield calls


def _built(context: Context, folder: Path) -> None:
    """Compare the quickstart's estimate with its image, and so what wheels say of themselves."""
    engine = connect()
    request = ContainerizeRequest(notebooks=(folder / "quickstart.ipynb",))
    with ExitStack() as stack:
        result = containerize(context, request, lambda _: None)
        image, base = result.image, engine.image(BASE)
        if image is None or base is None:
            sys.exit("nothing was built")
        stack.callback(engine.remove_image, image.tags[0])
        said = result.spec.estimated_bytes
        row("size said ÷ built, the quickstart", f"{said / image.size:.3f}", "0.85 to 1.15",
            f"{said / 1e6:.0f} MB, {image.size / 1e6:.0f} MB")  # fmt: skip
        summed = base.size + _installed(result.spec, result.lock)
        row("… summed from the wheels ÷ built", f"{summed / image.size:.3f}", "",
            "what stands for the built one below")  # fmt: skip


def _stacks(context: Context, folder: Path) -> None:
    """Compare sizes by metadata: nothing of this is downloaded."""
    base = connect().image(BASE)
    slim = base.size if base else 0
    cudnn = dict(read_catalogue().image_bytes)["cudnn-runtime"]
    rows = []
    for name, driver, source in STACKS:
        plan = _planner(context, folder, source, driver, ("cuda",))()
        spec, lock = plan.environments[0].for_target("cuda")
        installed = _installed(spec, lock)
        whole = slim + installed
        row(f"size said ÷ summed: {name}", f"{spec.estimated_bytes / whole:.3f}", "0.85 to 1.15",
            f"{spec.estimated_bytes / 1e9:.2f} GB, {whole / 1e9:.2f} GB; driver {driver}",
            )  # fmt: skip
        rows.append((name, whole, cudnn + installed))
    print("\n| packages | on the slim base | on cudnn-runtime | ratio |\n|---|---|---|---|")
    for name, whole, other in rows:
        print(f"| {name} | {whole / 1e9:.2f} GB | {other / 1e9:.2f} GB | {whole / other:.2f} |")


def _installed(spec: EnvironmentSpec, lock: Lock) -> float:
    """Return what a lock's packages take in an image, by their wheels."""
    pins = {p.name: p.version for p in lock.packages if p.name != "jupyter-devbox"}
    return sum(one.installed for one in unpacked(spec, pins).values())


if __name__ == "__main__":
    main()
