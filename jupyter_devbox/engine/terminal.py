"""A program in a container on the user's own terminal, by the engine's command."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

from jupyter_devbox.engine.process import cannot_start
from jupyter_devbox.spec.container import ExecSpec

_DETACH = "ctrl-^,ctrl-_,ctrl-^"
"""Docker's own keys begin with Ctrl-P, which is a shell's way to the line before."""


def run_on_terminal(
    command: Sequence[str],
    env: Mapping[str, str],
    container: str,
    spec: ExecSpec,
    tty: int | None,
) -> int:
    """Run it to its end and return its exit code.

    Parameters
    ----------
    command
        The engine's command, with the options that make it use the wanted engine.
    env
        The command's environment.
    tty
        A terminal's descriptor; None for this process's standard streams.

    Raises
    ------
    EngineError
        The engine's command cannot be started.
    """
    argv = [
        *(*command, "exec", "--interactive", "--tty", f"--detach-keys={_DETACH}"),
        *(f"--env={name}={value}" for name, value in spec.env.items()),
        *([f"--user={spec.user}"] if spec.user else []),
        *([f"--workdir={spec.workdir}"] if spec.workdir else []),
        container,
        *spec.command,
    ]
    try:
        done = subprocess.run(argv, env=dict(env), stdin=tty, stdout=tty, stderr=tty, check=False)
    except OSError as error:
        raise cannot_start(argv[0], error) from error
    return done.returncode
