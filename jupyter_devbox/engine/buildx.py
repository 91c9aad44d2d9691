"""Build images with ``docker buildx build``, told apart from its output only by rawjson."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_devbox.engine.cancellable import started
from jupyter_devbox.engine.progress import ProgressParser
from jupyter_devbox.engine.scratch import scratch
from jupyter_devbox.engine.watch import BuildWatch, build_options, cancelled, redactor
from jupyter_devbox.spec.container import BuildRequest
from jupyter_devbox.spec.events import StepEvent

_CHUNK = 64 * 1024
_NOTES = 16 * 1024


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
    watch = BuildWatch(on_step)
    parser = ProgressParser(redactor(builder.env, request.secrets))
    with scratch("build") as folder:
        metadata = folder / "metadata.json"
        argv = build_argv(builder, request, metadata)
        env = {**builder.env, **_state_elsewhere(builder.env, folder)}
        with started(argv, env, cancel) as process:
            assert process.stdout is not None
            while data := process.stdout.read1(_CHUNK):  # type: ignore[attr-defined]
                watch.see(parser.feed(data))
            watch.see(parser.close())
            status = process.wait()
        if status == 0:
            return _image_ids(metadata)
    if cancel.is_set():
        raise cancelled()
    raise watch.failure(_reason(parser.text), parser.text)


def _reason(text: tuple[str, ...]) -> str:
    """Return why buildx itself gave up."""
    said = next((line for line in reversed(text) if line.startswith("ERROR: ")), "")
    reason = said.removeprefix("ERROR: ").removeprefix("failed to solve: ")
    return reason or " ".join(text[-1:]) or "no reason given"


def build_argv(builder: Builder, request: BuildRequest, metadata: Path) -> list[str]:
    """Return the command line. It names secrets and proxies, and holds none of their values."""
    # Without provenance the image's id depends on nothing but its content.
    return [
        *(builder.docker, "buildx", "build"),
        *(f"--builder={builder.name}", "--load", "--progress=rawjson", "--provenance=false"),
        f"--metadata-file={metadata}",
        *build_options(request, builder.env),
        *(_secret(key, path) for key, path in sorted(request.secrets.items())),
        *("--", request.context),
    ]


def _state_elsewhere(env: Mapping[str, str], spare: Path) -> Mapping[str, str]:
    """Return the variable that moves buildx's notes of builds, where HOME takes none.

    It ends at once in a HOME that is read-only or full (docs.docker.com, "BUILDX_CONFIG").
    """
    home = Path(env.get("HOME") or Path.home())
    usual = env.get("BUILDX_CONFIG") or Path(env.get("DOCKER_CONFIG") or home / ".docker", "buildx")
    try:
        Path(usual).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=usual) as file:
            file.write(bytes(_NOTES))
    except OSError:
        return {"BUILDX_CONFIG": str(spare)}
    return {}


def _secret(name: str, path: str) -> str:
    """Return a secret's option, which is one line of CSV: a path may hold commas and quotes."""
    fields = (f"id={name}", f"src={path}")
    return "--secret=" + ",".join(
        '"{}"'.format(each.replace('"', '""')) if set(each) & set(',"\n') else each
        for each in fields
    )


def _image_ids(metadata: Path) -> tuple[str, ...]:
    """Return the ids in buildx's report; which one the engine knows depends on its image store."""
    report: dict[str, Any] = json.loads(metadata.read_text(encoding="utf-8"))
    keys = ("containerimage.config.digest", "containerimage.digest")
    return tuple(dict.fromkeys(str(report[key]) for key in keys if report.get(key)))
