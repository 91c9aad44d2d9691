"""The values behind ux/terminal.txt."""

from __future__ import annotations

from pathlib import Path

from makers import captured, locked, snapshot, spec
from makers import lock as make_lock

from jupyter_devbox.files.project import Project
from jupyter_devbox.files.writer import Changes
from jupyter_devbox.spec.container import ImageInfo
from jupyter_devbox.spec.snapshot import AptRequirement, UnresolvedImport
from jupyter_devbox.workflow.requests import (
    ContainerizeResult,
    Found,
    Planned,
    RegisteredKernel,
)

PROJECT = Project(root=Path("/home/ada/digits"), reason="it has .git")
NAMES = (
    "lxml",
    "matplotlib",
    "numpy",
    "pandas",
    "plotly",
    "pillow",
    "scikit-learn",
    "seaborn",
    "six",
)
SNAPSHOT = snapshot(
    *(captured(f"{name}==1.0") for name in NAMES),
    notebook="train.ipynb",
    apt=(AptRequirement(name="ffmpeg", reason="!apt-get"),),
    unresolved=(UnresolvedImport(name="lab_utils", cells=(3,)),),
)
LOCK = make_lock(locked("numpy==2.1"))
NOTHING = Changes(changes=(), conflicts=())
FOUND = Found(project=PROJECT, snapshots=(SNAPSHOT,), targets=("cpu",))
PLANNED = Planned(
    spec=spec(estimated_bytes=1_100_000_000), lock=LOCK, changes=NOTHING, free_bytes=41_000_000_000
)
KERNEL = RegisteredKernel(name="x", display_name="digits · CPU", target="cpu", project="/p")


def result(**more):
    values = {
        "project": PROJECT, "snapshots": (SNAPSHOT,), "spec": spec(), "lock": LOCK,
        "changes": NOTHING, "kernels": (KERNEL,),
        "images": (ImageInfo(id="sha256:1", size=1_080_000_000),),
    }  # fmt: skip
    return ContainerizeResult(**{**values, **more})


FILES = tuple(f".devcontainer/{name}" for name in ("a", "b", "c", "d"))
BUILT = result(files=FILES, built=True, seconds=161.0)
