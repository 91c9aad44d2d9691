"""Values as the objects of the REST interface. Pure; `openapi.yaml` describes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_devbox.errors import EngineError
from jupyter_devbox.files.project import Project
from jupyter_devbox.server.problems import problem
from jupyter_devbox.spec.gpu import GpuRequest
from jupyter_devbox.spec.gpu_words import gpu_words
from jupyter_devbox.spec.limit_words import LIMIT_NAMES
from jupyter_devbox.view.wording import TARGET_LABELS
from jupyter_devbox.workflow.notebooks import TargetState
from jupyter_devbox.workflow.requests import RegisteredKernel


def project_json(project: Project) -> dict[str, Any]:
    """Return a `Project`."""
    return {"name": project.name, "root": str(project.root)}


def folder_json(root: str) -> dict[str, Any]:
    """Return a `Project` of which only the folder is known."""
    return {"name": Path(root).name, "root": root}


def kernelspec_json(kernel: RegisteredKernel, size: int | None) -> dict[str, Any]:
    """Return a `KernelSpec`; `size` in bytes is its image's, None where unknown."""
    return {**kernel.to_json(), "bytes": size}


def limits_json(limits: Mapping[str, str], gpus: GpuRequest | None) -> dict[str, str | None]:
    """Return `Limits` from words by `LIMIT_NAMES`, and the cards of a CUDA box."""
    words = {name: limits.get(name) for name in LIMIT_NAMES}
    return {**words, "gpus": gpu_words(gpus) if gpus else None}


def engine_json(obstacle: EngineError | None) -> dict[str, Any]:
    """Return how the engine stands."""
    if obstacle is None:
        return {"ok": True, "code": "", "message": "", "hint": ""}
    told = problem(obstacle)
    return {"ok": False, **{name: told[name] for name in ("code", "message", "hint")}}


def target_json(state: TargetState) -> dict[str, Any]:
    """Return a `TargetState`."""
    why = state.obstacle or state.idle
    return {
        "target": state.target,
        "label": TARGET_LABELS[state.target],
        "builds": state.obstacle is None,
        "runs": why is None,
        "reason": why.message if why else "",
        "hint": why.hint if why else "",
        "bytes": state.bytes,
    }
