"""Run a program of this machine to its end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_devbox.errors import EngineError


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessResult:
    """How a program ended; output decoded as UTF-8, undecodable bytes replaced."""

    command: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str


def run_process(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    only: bool = False,
    stdin: str = "",
    timeout: float = 600.0,
) -> ProcessResult:
    """Run a program without a shell and return what it said, whatever its exit code.

    Parameters
    ----------
    command
        Program and arguments.
    cwd
        Its working folder; by default this process's own.
    env
        Variables added to this process's environment; with `only`, instead of it.
    stdin
        Text for its standard input.
    timeout
        Seconds until it is killed.

    Raises
    ------
    EngineError
        The program is missing, may not be run, or does not end in time.
    """
    try:
        done = subprocess.run(
            list(command),
            cwd=cwd,
            env=env if only or env is None else {**os.environ, **env},
            input=stdin.encode(),
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        message = f"A program did not end within {timeout:.0f} seconds: `{command[0]}`"
        raise EngineError(message, hint="try again; the machine may be busy") from error
    except OSError as error:
        raise cannot_start(command[0], error) from error
    return ProcessResult(
        command=tuple(command),
        exit_code=done.returncode,
        stdout=done.stdout.decode(errors="replace"),
        stderr=done.stderr.decode(errors="replace"),
    )


def cannot_start(program: str, error: OSError) -> EngineError:
    """Return the error for a program that is missing or may not be run."""
    message = f"A program cannot be started ({error.strerror}): `{program}`"
    return EngineError(message, hint="jupyter devbox doctor")
