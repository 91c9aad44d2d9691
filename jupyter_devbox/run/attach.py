"""Attaches to a kernel of another process: watches it, passes signals on, owns nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import RunError
from jupyter_devbox.run.ending import Moment
from jupyter_devbox.run.joined import containers_of_others, remote_user
from jupyter_devbox.run.kernel import KernelProcess
from jupyter_devbox.run.paths import PathMap
from jupyter_devbox.run.programs import PYTHON, launcher_source
from jupyter_devbox.run.runtime_dir import SOCKETS_IN_BOX
from jupyter_devbox.run.start import Kernel, kernel_name, kernel_runtime_dir
from jupyter_devbox.spec.box import BoxSpec
from jupyter_devbox.spec.container import ContainerInfo, ExecSpec


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
    user = _user(engine, spec, state)
    name = kernel_name(kernel_id)
    # The program comes along: what carries a kernel over a stream leaves none in the box.
    launcher = (*PYTHON, "-c", launcher_source().decode(), "attach")
    command = (*launcher, pid, began, f"{SOCKETS_IN_BOX}/{name}.log")
    channel = engine.stream(container, ExecSpec(command=command, user=user, stdin=True))
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


def _user(engine: Engine, spec: BoxSpec, container: ContainerInfo) -> str:
    """Return who kernels run as in a box, "" for its own user.

    Raises
    ------
    RunError
        The container is neither this project's box nor one that another client made for it.
    """
    labels = spec.identity(spec.isolation)
    same = all(container.labels.get(name) == value for name, value in labels.items())
    if same and spec.runs_in(container.labels):
        return ""
    if any(each.id == container.id for each in containers_of_others(engine, spec)):
        return remote_user(container) or ""
    msg = f"This container is not the box of this project: `{container.id[:12]}`"
    raise RunError(msg, hint="restart the kernel")
