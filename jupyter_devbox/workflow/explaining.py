"""Why an image is as large as it is, and what of it could go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.files.project import Project, find_project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.run.contents import image_contents
from jupyter_devbox.spec.box import Target
from jupyter_devbox.spec.container import ImageStep
from jupyter_devbox.spec.contents import ImageContents, PlaceSize
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.drift import drift, names
from jupyter_devbox.workflow.images import ImageState
from jupyter_devbox.workflow.interpreters import interpreters

_KINDS = (
    ("Python packages, all notebooks'", re.compile(r"/run/devbox/requirements\.common\.txt")),
    ("Python packages, stable", re.compile(r"/run/devbox/\S*\.stable\.txt")),
    ("Python packages, the rest", re.compile(r"--requirement \S*/run/devbox/")),
    ("CUDA's libraries", re.compile(r"^COPY \S*/usr/local/cuda")),
    ("Debian packages", re.compile(r"\bapt-get\b.* install ", re.DOTALL)),
    ("account and folders", re.compile(r"install -d -m 0777 /opt/venv")),
)
"""What the steps of our Dockerfile say, and what they are for, the first that fits."""
_WIDEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSize:
    """A layer: `what` it holds in words, "" where only its instruction tells."""

    what: str
    instruction: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """An image's size.

    Parameters
    ----------
    layers
        Those that take any room, the base's first.
    unused
        Direct requirements of the project that none of its notebooks needs any more, with the size
        of the package alone.
    """

    layers: tuple[LayerSize, ...]
    contents: ImageContents
    unused: tuple[PlaceSize, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the part that ``images --explain --json`` has more."""
        return {
            "layers": [
                {"what": each.what, "instruction": each.instruction, "bytes": each.bytes}
                for each in self.layers
            ],
            "contents": self.contents.to_json(),
            "unused": [{"name": each.name, "bytes": each.bytes} for each in self.unused],
        }


def explain(context: Context, engine: Engine, image: ImageState) -> Explanation:
    """Return what takes the room in an image.

    A program of ours looks into it in a container of its own, without network and mounts.

    Raises
    ------
    ImageContentsError
        It does not say what it holds.
    EngineError
        The engine refused.
    """
    contents = image_contents(engine, image.id)
    return Explanation(
        layers=tuple(_layers(engine.history(image.id))),
        contents=contents,
        unused=_unused(context, image, contents),
    )


def _layers(steps: Iterable[ImageStep]) -> Iterator[LayerSize]:
    for step in steps:
        if step.bytes:
            text = " ".join(step.instruction.split())
            what = next((what for what, form in _KINDS if form.search(text)), "")
            yield LayerSize(what=what, instruction=text[:_WIDEST], bytes=step.bytes)


def _unused(context: Context, image: ImageState, contents: ImageContents) -> tuple[PlaceSize, ...]:
    """Return the direct packages that no notebook needs, if the image's project is there."""
    root = Path(image.project)
    if not image.project or not root.is_dir():
        return ()
    project = find_project(root, home=context.home, chosen=root)
    sizes = {package.name: package.bytes for package in contents.packages}
    target: Target = "cuda" if image.target == "cuda" else "cpu"
    return tuple(
        PlaceSize(name=name, bytes=sizes[name])
        for name in unneeded(context, project, target, image.group)
        if name in sizes
    )


def unneeded(context: Context, project: Project, target: Target, group: str) -> Iterator[str]:
    """Yield the packages of requirements.in that its notebooks, as they are saved, do without."""
    existing = read_environment(project.root, target, group)
    with interpreters(context) as asked:
        without = {
            name: names(drift(asked.capture(project.root / name, project), existing), "removed")
            for name in existing.notebooks
        }
    for line in existing.requirements:
        if line.notebooks and all(
            line.name in without.get(name, (line.name,)) for name in line.notebooks
        ):
            yield line.name
