"""Build images with ``docker buildx build``, told apart from its output only by rawjson."""

from __future__ import annotations

import json
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_devbox.engine.cancellable import started
from jupyter_devbox.engine.progress import ProgressParser
from jupyter_devbox.engine.redact import (
    PROXY_VARIABLES,
    Redactor,
    netrc_passwords,
    secrets_in,
)
from jupyter_devbox.errors import BuildCancelledError, BuildError, BuildStepError, EngineError
from jupyter_devbox.spec.container import BuildRequest
from jupyter_devbox.spec.events import StepEvent

LINES_KEPT = 20
_CHUNK = 64 * 1024
_CANCELLED = ("context canceled", "Canceled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """The `docker` command that builds, and where it does so.

    Parameters
    ----------
    docker
        Path of a `docker` that has the plugin.
    env
        Its whole environment; it makes the command speak to the wanted engine.
    name
        Name of the builder inside that engine.
    """

    docker: str
    env: Mapping[str, str]
    name: str = "default"


def build(
    builder: Builder,
    request: BuildRequest,
    on_step: Callable[[StepEvent], None],
    cancel: threading.Event,
) -> tuple[str, ...]:
    """Build and load an image; return the ids under which the engine may know it, best first.

    Events are reported from the calling thread. However this ends, no process stays behind.

    Raises
    ------
    BuildStepError
        A step failed, or the Dockerfile cannot be read.
    BuildCancelledError
        `cancel` was set.
    """
    redact = Redactor([*secrets_in(builder.env, request.secret_env.values()), *_logins(request)])
    watch = _Watch(on_step)
    parser = ProgressParser(redact)
    with tempfile.TemporaryDirectory(prefix="devbox-build-") as folder:
        metadata = Path(folder, "metadata.json")
        argv = build_argv(builder, request, metadata)
        with started(argv, builder.env, cancel) as process:
            assert process.stdout is not None
            while data := process.stdout.read1(_CHUNK):  # type: ignore[attr-defined]
                watch.see(parser.feed(data))
            watch.see(parser.close())
            status = process.wait()
        if status == 0:
            return _image_ids(metadata)
    if cancel.is_set():
        msg = "The build was stopped; its finished steps are kept"
        raise BuildCancelledError(msg, hint="build again: it goes on from there")
    raise watch.failure(parser.text)


def build_argv(builder: Builder, request: BuildRequest, metadata: Path) -> list[str]:
    """Return the command line. It names secrets and proxies, and holds none of their values."""
    proxies = [
        name for name in PROXY_VARIABLES if builder.env.get(name) and name not in request.args
    ]
    # Without provenance the image's id depends on nothing but its content.
    return [
        *(builder.docker, "buildx", "build"),
        *(f"--builder={builder.name}", "--load", "--progress=rawjson", "--provenance=false"),
        f"--metadata-file={metadata}",
        f"--file={Path(request.context, request.dockerfile)}",
        *([f"--tag={request.tag}"] if request.tag else []),
        *(["--no-cache"] if request.no_cache else []),
        *(f"--build-arg={key}={value}" for key, value in sorted(request.args.items())),
        *(f"--build-arg={name}" for name in proxies),
        *(f"--label={key}={value}" for key, value in sorted(request.labels.items())),
        *(_secret(key, "src", path) for key, path in sorted(request.secrets.items())),
        *(_secret(key, "env", name) for key, name in sorted(request.secret_env.items())),
        *("--", request.context),
    ]


def _logins(request: BuildRequest) -> tuple[str, ...]:
    """Return the passwords that a netrc file among the secrets holds."""
    path = request.secrets.get("netrc")
    with suppress(OSError):
        return netrc_passwords(Path(path).read_text(errors="replace")) if path else ()
    return ()


def _secret(name: str, kind: str, value: str) -> str:
    """Return a secret's option, which is one line of CSV: a path may hold commas and quotes."""
    fields = (f"id={name}", f"{kind}={value}")
    return "--secret=" + ",".join(
        '"{}"'.format(each.replace('"', '""')) if set(each) & set(',"\n') else each
        for each in fields
    )


class _Watch:
    """Hands events on, and remembers what explains a failure."""

    def __init__(self, on_step: Callable[[StepEvent], None]) -> None:
        self._on_step = on_step
        self._lines: dict[str, deque[str]] = {}
        self._failed: list[StepEvent] = []

    def see(self, events: list[StepEvent]) -> None:
        """Report each event in order."""
        for event in events:
            if event.line:
                self._lines.setdefault(event.step, deque(maxlen=LINES_KEPT)).append(event.line)
            if event.status == "failed":
                self._failed.append(event)
            self._on_step(event)

    def failure(self, text: tuple[str, ...]) -> BuildError | EngineError:
        """Return the error for the step that failed first, else for what buildx said itself."""
        said = next((line for line in reversed(text) if line.startswith("ERROR: ")), "")
        # Steps that ran beside the failing one are reported as failed too: as cancelled.
        causes = [each for each in self._failed if not any(c in each.error for c in _CANCELLED)]
        if not causes:
            reason = said.removeprefix("ERROR: ").removeprefix("failed to solve: ")
            reason = reason or " ".join(text[-1:]) or "no reason given"
            return BuildStepError(
                f"The image could not be built: `{reason}`", details=text[-LINES_KEPT:]
            )
        step = causes[0]
        lines = tuple(self._lines.get(step.step, ()))
        details = (*lines, *([] if step.error in lines else [step.error]))[-LINES_KEPT:]
        return BuildStepError(f"A step of the build failed: `{step.name}`", details=details)


def _image_ids(metadata: Path) -> tuple[str, ...]:
    """Return the ids in buildx's report; which one the engine knows depends on its image store."""
    report: dict[str, Any] = json.loads(metadata.read_text(encoding="utf-8"))
    keys = ("containerimage.config.digest", "containerimage.digest")
    return tuple(dict.fromkeys(str(report[key]) for key in keys if report.get(key)))
