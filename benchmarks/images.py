"""Rebuilding after one more small package, and the image's size against plain pip and slim."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import threading
from pathlib import Path

from benchmarks.project import SMALL, from_nothing, quickstart
from benchmarks.table import head, row
from jupyter_devbox.engine.base import Engine
from jupyter_devbox.engine.detect import connect
from jupyter_devbox.files.project import find_project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.run.contents import image_contents
from jupyter_devbox.spec.container import BuildRequest
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.workflow.containerize import containerize
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.requests import ContainerizeRequest

PLAIN = """ARG BASE
FROM ${BASE}
COPY requirements.txt requirements.stable.txt /lock/
COPY wheels /lock/wheels
RUN --mount=type=secret,id=ca \\
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi \\
 && pip install --no-cache-dir --no-deps --find-links /lock/wheels -r /lock/requirements.txt
"""


def main() -> None:
    """Print the table, and remove what was made."""
    engine = connect()
    with quickstart() as (context, folder):
        tags = []
        try:
            head()
            tags = _rebuild(context, engine, folder)
            tags += _size(context, engine, folder)
            tags += _slim(context, engine, folder)
        finally:
            for tag in tags:
                engine.remove_image(tag)


def _build(context: Context, folder: Path, include: tuple[str, ...]) -> tuple[float, str, int]:
    """Return seconds of the whole build, the image's tag and its size in bytes."""
    notebook = folder / "quickstart.ipynb"
    request = ContainerizeRequest(notebooks=(notebook,), wishes=ProjectOptions(include=include))
    result = containerize(context, request, lambda _: None)
    image = result.image
    return result.seconds, image.tags[0] if image else "", image.size if image else 0


def _rebuild(context: Context, engine: Engine, folder: Path) -> list[str]:
    """Compare adding one small package with the build from nothing but the base image."""
    notebook = folder / "quickstart.ipynb"
    request = ContainerizeRequest(notebooks=(notebook,), build=False)
    containerize(context, request, lambda _: None)
    cold = statistics.median(from_nothing(context, engine, folder / ".devcontainer") for _ in SMALL)
    _, tag, _ = _build(context, folder, ())
    times = []
    for number in range(len(SMALL)):
        seconds, tag, _ = _build(context, folder, SMALL[: number + 1])
        times.append(seconds)
    again = statistics.median(times)
    row("one more small package ÷ cold build", f"{again / cold:.3f}", "≤ 0.10",
        f"{again:.2f} s of {cold:.1f} s, {len(times)} runs")  # fmt: skip
    return [tag, "devbox-bench:cold"]


def _size(context: Context, engine: Engine, folder: Path) -> list[str]:
    """Compare the image with pip's own installation of the same lock on the same base."""
    project = find_project(folder, home=context.home)
    base = next(
        line.removeprefix("ARG BASE=")
        for line in (folder / ".devcontainer/Dockerfile").read_text().splitlines()
        if line.startswith("ARG BASE=")
    )
    tag = "devbox-bench:plain"
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name, "context")
        shutil.copytree(project.root / ".devcontainer", copy)
        (copy / "Dockerfile").write_text(PLAIN)
        secrets = {"ca": context.ca_bundle} if context.ca_bundle else {}
        request = BuildRequest(context=str(copy), tag=tag, args={"BASE": base}, secrets=secrets)
        engine.build(request, lambda _: None, threading.Event())
    plain, bottom = engine.image(tag), engine.image(base)
    _, ours, size = _build(context, folder, ())
    if plain is None or bottom is None:
        return [ours]
    packages = len(read_environment(project.root).locked)
    row("image ÷ `pip install --no-cache-dir`", f"{size / plain.size:.3f}", "≤ 1.02",
        f"{size / 1e6:.0f} MB, {plain.size / 1e6:.0f} MB; base {bottom.size / 1e6:.0f} MB, "
        f"{packages} packages")  # fmt: skip
    return [ours, tag]


def _slim(context: Context, engine: Engine, folder: Path) -> list[str]:
    """Compare a slim image with the whole one, and with what was promised of it."""
    _, tag, whole = _build(context, folder, ())
    image = engine.image(tag)
    promised = image_contents(engine, image.id).slim_saves if image else 0
    wishes = ProjectOptions(slim="on")
    slim = containerize(context, ContainerizeRequest(project=folder, wishes=wishes), lambda _: None)
    if slim.image is None or not promised:
        return [tag]
    saved = whole - slim.image.size
    row("slim image ÷ whole image", f"{slim.image.size / whole:.3f}", "≤ 0.90",
        f"{saved / 1e6:.1f} MB saved, {promised / 1e6:.1f} MB promised")  # fmt: skip
    return [image.id if image else tag, *slim.image.tags]


if __name__ == "__main__":
    main()
