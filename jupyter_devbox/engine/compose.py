"""The `docker compose` command: what it is given, and what it says when it gives up."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_devbox.engine.docker_cli import docker_clis
from jupyter_devbox.engine.gpu_errors import gpu_error
from jupyter_devbox.engine.process import ProcessResult, run_process
from jupyter_devbox.engine.scratch import scratch
from jupyter_devbox.errors import ComposeMissingError, EngineError, ServiceError
from jupyter_devbox.spec.compose_project import ComposeProject

_FIRST = (2, 20)
"""The first with ``up --pull never`` for services that are built too (docker/compose releases)."""
_SECONDS = 1800.0
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def find_compose(env: Mapping[str, str] | None = None) -> str:
    """Return the first `docker` that has the compose plugin.

    Raises
    ------
    ComposeMissingError
        There is none, or it is too old.
    """
    old, found = "", tuple(docker_clis(env))
    for path in found:
        version = _version(path)
        if version is None:
            continue
        if version >= _FIRST:
            return path
        old = old or ".".join(map(str, version))
    if old:
        msg = f"Docker's compose plugin is too old, 2.20 is needed: `{old}`"
        raise ComposeMissingError(msg, hint="install a newer docker-compose-plugin", details=found)
    msg = "The services beside this box are started by Docker's compose plugin, which is not here"
    msg += f": `{found[0] if found else 'docker'}`"
    hint = "sudo apt-get install docker-compose-plugin (Debian: docker-compose)"
    raise ComposeMissingError(msg, hint=hint, details=found)


def _version(docker: str) -> tuple[int, int] | None:
    try:
        done = run_process([docker, "compose", "version", "--short"], timeout=20)
    except EngineError:
        return None
    found = re.match(r"v?(\d+)\.(\d+)", done.stdout.strip())
    return (int(found[1]), int(found[2])) if found and not done.exit_code else None


def compose(
    docker: str,
    env: Mapping[str, str],
    project: ComposeProject,
    words: Sequence[str],
    override: Mapping[str, Any] | None = None,
) -> str:
    """Run Compose on a project's approved texts, and return what it printed.

    Neither a ``.env`` of the project's nor variables of Compose's own are read: they would decide
    what no file says.

    Parameters
    ----------
    docker, env
        As `find_compose` found it, and its whole environment.
    override
        One more Compose file, the last.

    Raises
    ------
    ServiceError
        It gave up; the details are its last lines.
    GpuUnavailableError
        A service asks for graphics cards that it can't have.
    """
    with scratch("compose") as folder:
        files = [folder / f"{number}.yaml" for number in range(len(project.files))]
        for file, (_, text) in zip(files, project.files, strict=True):
            file.write_text(text, encoding="utf-8")
        if override is not None:
            files.append(folder / "override.json")
            files[-1].write_text(json.dumps(override), encoding="utf-8")
        argv = [docker, "compose", "--ansi=never", "--progress=plain", "--env-file=/dev/null"]
        argv += [f"--project-name={project.name}", f"--project-directory={project.folder}"]
        argv += [*(f"--file={file}" for file in files), *words]
        kept = {key: value for key, value in env.items() if not key.startswith("COMPOSE_")}
        done = run_process(argv, cwd=Path(project.folder), env=kept, only=True, timeout=_SECONDS)
    if done.exit_code:
        raise gpu_error(done.stderr) or _failure(project, done)
    return done.stdout


def _failure(project: ComposeProject, done: ProcessResult) -> ServiceError:
    """Return why Compose gave up, in its own last words."""
    lines = [_ESCAPES.sub("", line).strip() for line in done.stderr.splitlines()]
    lines = [line for line in lines if line and not line.startswith("time=")]
    for number, (name, _) in enumerate(project.files):
        shown = name.replace("\\", r"\\")  # no escapes of a pattern's
        lines = [re.sub(rf"\S*/{number}\.yaml\b", shown, line) for line in lines]
    said = lines[-1] if lines else f"exit code {done.exit_code}"
    msg = f"Compose cannot start the project's services: `{said}`"
    hint = f"mend {project.files[0][0]}, then start the kernel again"
    return ServiceError(msg, hint=hint, details=tuple(lines[-12:]))
