"""Builds for Podman: its socket has no BuildKit session, so its own command builds.

Where this user can write Podman's storage the command works on it directly, and a cancelled build
ends at once. Through the socket (Podman 4.3) the step at hand would run to its end unseen.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from jupyter_devbox.engine.cancellable import started
from jupyter_devbox.engine.podman_progress import PodmanParser
from jupyter_devbox.engine.scratch import scratch
from jupyter_devbox.engine.watch import BuildWatch, build_options, cancelled, redactor
from jupyter_devbox.errors import BuildxMissingError, EngineError
from jupyter_devbox.spec.container import BuildRequest
from jupyter_devbox.spec.events import StepEvent

_CHUNK = 64 * 1024
_PATIENCE = 20.0
_FOREIGN = frozenset({"DOCKER_HOST", "DOCKER_CONTEXT", "CONTAINER_HOST", "CONTAINER_CONNECTION"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PodmanBuilder:
    """The command, with the options that make it use the wanted engine, and its environment."""

    command: tuple[str, ...]
    env: Mapping[str, str]


def find_podman(url: str, env: Mapping[str, str]) -> PodmanBuilder:
    """Return the command that builds for the Podman that listens at `url`.

    Raises
    ------
    BuildxMissingError
        There is no `podman` command.
    EngineError
        It does not get an answer.
    """
    podman = shutil.which("podman", path=env.get("PATH"))
    if podman is None:
        message = "Podman answers, and its command, which builds, is not here: no `podman` found"
        raise BuildxMissingError(message, hint="install podman, or choose --target venv")
    clean = {name: value for name, value in env.items() if name not in _FOREIGN}
    remote = (podman, "--remote", "--url", url)
    store = _store((*remote, "info", "--format", "json"), clean)
    root, run_root = str(store.get("graphRoot")), str(store.get("runRoot"))
    if not (os.access(root, os.W_OK) and os.access(run_root, os.W_OK)):
        return PodmanBuilder(command=remote, env=clean)
    local = (podman, "--root", root, "--runroot", run_root)
    return PodmanBuilder(command=local, env=clean)


def _store(argv: tuple[str, ...], env: Mapping[str, str]) -> Mapping[str, object]:
    """Return where an engine keeps its images."""
    try:
        done = subprocess.run(
            argv, env=dict(env), capture_output=True, check=True, timeout=_PATIENCE
        )
        store = json.loads(done.stdout)["store"]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        message = "The podman command gets no answer from the engine"
        raise EngineError(message, hint="podman --remote info") from error
    return store if isinstance(store, dict) else {}


def build(
    builder: PodmanBuilder,
    request: BuildRequest,
    on_step: Callable[[StepEvent], None],
    cancel: threading.Event,
) -> tuple[str, ...]:
    """Build an image; return its id.

    Events are reported from the calling thread. However this ends, no process stays behind.

    Raises
    ------
    BuildStepError
        A step failed, or the Dockerfile cannot be read.
    BuildCancelledError
        `cancel` was set.
    """
    watch = BuildWatch(on_step)
    parser = PodmanParser(redactor(builder.env, request.secrets))
    with scratch("build") as folder:
        result = folder / "id"
        with started(build_argv(builder, request, result), builder.env, cancel) as process:
            assert process.stdout is not None
            while data := process.stdout.read1(_CHUNK):  # type: ignore[attr-defined]
                watch.see(parser.feed(data))
            status = process.wait()
            if not cancel.is_set():
                watch.see(parser.close(status))
        if status == 0:
            return (result.read_text(encoding="utf-8").strip(),)
    if cancel.is_set():
        raise cancelled()
    raise watch.failure(parser.reason or "no reason given", parser.text)


def build_argv(builder: PodmanBuilder, request: BuildRequest, result: Path) -> list[str]:
    """Return the command line. It names secrets and proxies, and holds none of their values."""
    return [
        *(*builder.command, "build", f"--iidfile={result}"),
        *build_options(request, builder.env),
        *(f"--secret=id={key},src={path}" for key, path in sorted(request.secrets.items())),
        "--",
        request.context,
    ]
