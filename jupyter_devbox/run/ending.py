"""Why a box went away under its kernels: what the engine and this machine's clocks can tell."""

from __future__ import annotations

import time
from dataclasses import dataclass

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import EngineError, KernelStartError
from jupyter_devbox.spec.box import (
    DEVCONTAINER_CONFIG,
    DEVCONTAINER_FOLDER,
    LABEL_KIND,
    BoxSpec,
)
from jupyter_devbox.spec.container import ContainerInfo

_SETTLE = 2.0
"""The stream ends before the engine has noted why (`docker rm -f`: by 60 ms), and a daemon that is
stopped ends its containers first and answers meanwhile: a second at most with boxes that end at
once (Docker 26)."""

_LOOK = 0.1
_NAP = 1.0
_RESTART = "restart the kernel"


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time: by the wall clock, and by how long the machine had slept since its boot."""

    wall: float
    asleep: float

    @classmethod
    def now(cls) -> Moment:
        """Return this moment."""
        return cls(time.time(), _asleep())

    def slept(self) -> float:
        """Return for how many seconds the machine has slept since; 0.0 where it can't be known."""
        return max(0.0, _asleep() - self.asleep)


def _asleep() -> float:
    """Return the seconds of sleep since boot: Linux has a clock with them and one without."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)


def lost_kernel(
    engine: Engine, container: str, spec: BoxSpec, began: Moment, lines: tuple[str, ...]
) -> KernelStartError:
    """Return the error for a kernel whose launcher was cut off; takes up to two seconds.

    Parameters
    ----------
    container
        Its box.
    spec
        What the box was made from.
    began
        When the kernel started.
    lines
        The kernel's last words.
    """
    slept = began.slept()
    if slept > _NAP:
        lines = (*lines, f"this machine slept for {_duration(slept)} while the kernel ran")
    try:
        state = _settled(engine, container)
        restarted = engine.began() > began.wall
    except EngineError as error:
        msg = f"Docker stopped or was restarted while the kernel ran: {error.message}"
        hint = f"{error.hint}; then {_RESTART}" if error.hint else _RESTART
        return KernelStartError(msg, hint=hint, details=lines)
    if restarted:
        msg = "Docker was restarted while the kernel ran"
        return KernelStartError(msg, hint=_RESTART, details=lines)
    if state is None:
        return _removed(engine, container, spec, began, lines)
    if state.status != "running":
        return _stopped(state, lines)
    if state.started > began.wall:
        msg = f"The box was restarted under the kernel: `{state.name}`"
        return KernelStartError(msg, hint=_RESTART, details=lines)
    msg = f"The kernel's launcher was ended in the box: `{state.name}`"
    return KernelStartError(msg, hint=_RESTART, details=lines)


def _settled(engine: Engine, container: str) -> ContainerInfo | None:
    """Return how a box stands once that is sure; raise `EngineError` if its engine goes away."""
    deadline = time.monotonic() + _SETTLE
    while True:
        state = engine.container(container)
        if state is None or time.monotonic() >= deadline:
            return state
        time.sleep(_LOOK)


def _removed(
    engine: Engine, container: str, spec: BoxSpec, began: Moment, lines: tuple[str, ...]
) -> KernelStartError:
    """Tell a box that somebody removed from one that VS Code has replaced by its own.

    The engine does not say who removed it, and VS Code's new one comes minutes later, when it is
    built: until then both are named.
    """
    what = "with all that was installed in it"
    msg = f"The box was removed {what}, by docker rm or by VS Code's Rebuild: `{container[:12]}`"
    if spec.config_file is not None:
        labels = {DEVCONTAINER_FOLDER: spec.project, DEVCONTAINER_CONFIG: spec.config_file}
        for other in engine.containers(labels):
            if LABEL_KIND not in other.labels and other.started > began.wall:
                msg = f"VS Code rebuilt the box, and removed the old one {what}: `{container[:12]}`"
    return KernelStartError(msg, hint=f"{_RESTART}: that makes a new box", details=lines)


def _stopped(state: ContainerInfo, lines: tuple[str, ...]) -> KernelStartError:
    """Tell a box that was asked to end (0, or 143 for SIGTERM) from one that was killed."""
    if state.exit_code in {0, 143}:
        how = "stopped, by docker stop or by VS Code when its window closed"
    else:
        how = f"killed, exit code {state.exit_code}"
    msg = f"The box was {how}: `{state.name}`"
    hint = f"{_RESTART}: that starts the box with all that was installed in it"
    return KernelStartError(msg, hint=hint, details=lines)


def _duration(seconds: float) -> str:
    """Return a time as people say it: ``40 s``, ``12 min``, ``3 h 5 min``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
