"""Attaches to a kernel of another process: watches it, passes signals on, owns nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import RunError
from jupyter_devbox.run.ending import Moment
from jupyter_devbox.run.kernel import KernelProcess
from jupyter_devbox.run.paths import PathMap
from jupyter_devbox.run.probe import LAUNCHER, PYTHON
from jupyter_devbox.run.runtime_dir import SHARED_IN_BOX, SOCKETS_IN_BOX
from jupyter_devbox.run.start import Kernel, kernel_name, kernel_runtime_dir
from jupyter_devbox.spec.box import BoxSpec
from jupyter_devbox.spec.container import ExecSpec


def kernel_facts(kernel: Kernel) -> dict[str, object]:
    """Return what another process needs for `attach_kernel`, as plain values."""
    return {
        "container": kernel.container,
        "pid": kernel.process.pid,
        "pid_started": kernel.process.pid_started,
        "runtime": str(kernel.runtime.path),
        "folder": kernel.folder,
        "workspace": kernel.paths.workspace,
        "isolation": kernel.spec.isolation,
    }


def attach_kernel(
    engine: Engine,
    spec: BoxSpec,
    kernel_id: str,
    facts: Mapping[str, object],
    *,
    base: Path,
    on_end: Callable[[KernelProcess], None] = lambda _: None,
) -> Kernel | None:
    """Return a running kernel of another process; None if it has ended.

    It lives as long as the process that started it wants, or until it is told to end.

    Parameters
    ----------
    facts
        Of `kernel_facts`; they may have been anywhere meanwhile.

    Raises
    ------
    RunError
        The container is not one of this project's, or the facts are none.
    """
    container, pid, began = (str(facts.get(name)) for name in ("container", "pid", "pid_started"))
    if not (pid.isdecimal() and began.isdecimal()):
        msg = f"What was kept about the kernel names no process: `{kernel_id}`"
        raise RunError(msg, hint="restart the kernel")
    state = engine.container(container)
    if state is None or state.status != "running":
        return None
    if any(state.labels.get(k) != v for k, v in spec.identity(spec.isolation).items()):
        msg = f"This container is not the box of this project: `{container[:12]}`"
        raise RunError(msg, hint="restart the kernel")
    name = kernel_name(kernel_id)
    launcher = (*PYTHON, f"{SHARED_IN_BOX}/{LAUNCHER}", "attach")
    command = (*launcher, pid, began, f"{SOCKETS_IN_BOX}/{name}.log")
    channel = engine.stream(container, ExecSpec(command=command, stdin=True))
    return Kernel(
        process=KernelProcess(channel, on_end),
        engine=engine,
        container=container,
        runtime=kernel_runtime_dir(spec, kernel_id, base),
        name=name,
        folder=str(facts.get("folder") or spec.workspace),
        outside=False,
        paths=PathMap(Path(spec.project), str(facts.get("workspace") or spec.workspace)),
        spec=spec,
        began=Moment.now(),
        attached=True,
    )
