"""A running kernel as the panel sees it."""

from __future__ import annotations

from typing import Any

from jupyter_devbox.errors import DevboxError
from jupyter_devbox.provisioner.settings import KernelSettings
from jupyter_devbox.server.problems import problem
from jupyter_devbox.server.shapes import limits_json
from jupyter_devbox.spec.box import TARGETS as BOX_TARGETS
from jupyter_devbox.spec.environment import TARGETS
from jupyter_devbox.spec.limit_words import written
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.registered import registered_kernels


def kernel_json(context: Context, manager: Any) -> dict[str, Any] | None:  # noqa: ANN401
    """Return a running kernel; None for none. Blocks a moment.

    Parameters
    ----------
    manager
        jupyter_client's manager of the kernel, or None.
    """
    if manager is None:
        return None
    spec = manager.kernel_spec
    target = kernel_target(manager)
    provisioner = manager.provisioner
    runs = getattr(provisioner, "image", "")
    named = {k.name: k.image for k in registered_kernels(context)}.get(manager.kernel_name)
    death = getattr(provisioner, "last_death", None)
    return {
        "id": str(manager.kernel_id),
        "name": manager.kernel_name,
        "display_name": spec.display_name if spec else manager.kernel_name,
        "target": target,
        "current": not (runs and named) or runs == named,
        "state": kernel_state(manager),
        "limits": _limits(provisioner),
        "death": problem(death) if isinstance(death, DevboxError) else None,
    }


def kernel_state(manager: Any) -> str:  # noqa: ANN401
    """Return ``running``, ``ended``, or ``starting``: also by Jupyter itself, at once or soon.

    While it starts, jupyter_client can't shut it down (`MultiKernelManager.shutdown_kernel` reads
    the result of `KernelManager.ready`), and takes a second start for one of its own.
    """
    ready = manager.ready
    if not ready.done():
        return "starting"
    if getattr(manager.provisioner, "running", True):
        return "running"
    failed = ready.cancelled() or ready.exception() is not None
    return "starting" if manager.autorestart and not failed else "ended"


def _limits(provisioner: Any) -> dict[str, str | None] | None:  # noqa: ANN401
    """Return limits and cards of a kernel's box, as a user writes them; None for one in no box.

    A user chooses cards for a CUDA box alone.
    """
    if not isinstance(provisioner, KernelSettings):
        return None
    cards = provisioner.cards if provisioner.box_target == "cuda" else None
    return limits_json(written(provisioner.limits), cards)


def kernel_target(manager: Any) -> str:  # noqa: ANN401
    """Return the target that a kernel runs in; ``host`` for one that is none of ours."""
    ours = _ours(manager)
    return ours["target"] if ours.get("target") in TARGETS else "host"


def in_box(manager: Any) -> bool:  # noqa: ANN401
    """Tell whether a kernel runs in a box; None is no kernel."""
    return manager is not None and kernel_target(manager) in BOX_TARGETS


def _ours(manager: Any) -> dict[str, Any]:  # noqa: ANN401
    spec = manager.kernel_spec
    ours = spec.metadata.get("jupyter_devbox") if spec else None
    return ours if isinstance(ours, dict) else {}
