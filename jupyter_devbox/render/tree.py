"""All files of one environment."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_devbox.render.devcontainer import devcontainer
from jupyter_devbox.render.dockerfile import dockerfile
from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.requirements_in import HEADING, format_line
from jupyter_devbox.spec.requirements_txt import format_lock
from jupyter_devbox.spec.tree import BinaryFile, LinesFile, RenderedFile, RenderedTree, WholeFile

FOLDER = ".devcontainer"


def render(
    spec: EnvironmentSpec,
    lock: Lock,
    options: ProjectOptions,
    *,
    uv_version: str,
    nested: bool = False,
    run_args: Sequence[object] = (),
) -> RenderedTree:
    """Return the files of an environment, sorted by path; same input, same bytes.

    Parameters
    ----------
    uv_version
        The uv that installs in the image.
    nested
        Whether the project is a folder of a larger Git repository.
    run_args
        What stands under ``runArgs`` of devcontainer.json: the user's, edited at his word alone.
    """
    ours = tuple(format_line(r) for r in spec.requirements if r.reason != "hand")
    files: list[RenderedFile] = [
        devcontainer(spec, options, nested=nested, run_args=run_args),
        dockerfile(spec, lock, uv_version),
        LinesFile(path=f"{FOLDER}/requirements.in", heading=HEADING, lines=ours),
        *(
            WholeFile(path=f"{FOLDER}/{name}", text=text)
            for name, text in format_lock(lock).items()
        ),
        *(
            BinaryFile(path=f"{FOLDER}/wheels/{wheel.filename}", content=wheel.content)
            for wheel in lock.wheels
        ),
    ]
    return RenderedTree(files=tuple(sorted(files, key=lambda file: file.path)))
