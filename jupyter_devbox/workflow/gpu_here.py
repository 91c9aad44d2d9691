"""Whether a CUDA box can run on this machine; it can be planned and built on any."""

from __future__ import annotations

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.engine.gpu_errors import toolkit
from jupyter_devbox.errors import EngineError, GpuUnavailableError
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.gpu_host import gpu_host, may_give_cards

_ELSEWHERE = (
    "for another machine: jupyter devbox containerize NOTEBOOK.ipynb --target cuda --driver 580.95"
)


def why_no_gpu(context: Context, engine: Engine) -> GpuUnavailableError | None:
    """Return why a CUDA box cannot run here; None where nothing speaks against it.

    Nothing is started: what the engine says of itself is taken at its word.
    """
    try:
        host, support, info = gpu_host(context, engine), engine.gpu_support(), engine.info()
    except EngineError:  # it went away this moment: another check says so
        return None
    if not host.gpus and not host.driver:
        return GpuUnavailableError("This machine has no NVIDIA GPU", hint=_ELSEWHERE)
    if not may_give_cards(support, local=info.local):
        message = f"{'Podman' if info.name == 'podman' else 'Docker'} has no NVIDIA support"
        return GpuUnavailableError(message, hint=toolkit(info.name))
    return None
