"""Dev container clients as a user calls them, and the removal of what they make."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from machine import Done, Machine

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.spec.box import DEVCONTAINER_FOLDER

SHORT = 12
"""Letters of a container's id that everybody shows; devcontainer-rs has no more."""


@dataclass(frozen=True)
class Client:
    """One client on one user's machine.

    Parameters
    ----------
    program
        Its command.
    path
        Folders before the machine's own PATH: where `docker` and `node` are.
    """

    machine: Machine
    program: str
    path: tuple[str, ...] = ()

    def command(self, *words: str | Path, cwd: Path) -> Done:
        where = ":".join((*self.path, self.machine.env["PATH"]))
        return self.machine.command(self.program, *words, cwd=cwd, env={"PATH": where})

    def call(self, verb: str, *words: str | Path, workspace: Path) -> Done:
        return self.command(verb, "--workspace-folder", workspace, *words, cwd=workspace)

    def must(self, verb: str, *words: str | Path, workspace: Path) -> Done:
        done = self.call(verb, *words, workspace=workspace)
        assert done.code == 0, done
        return done

    def up(self, workspace: Path, *words: str) -> str:
        """Have a container, and return its short id."""
        answer = self.must("up", *words, workspace=workspace).json
        assert answer["outcome"] == "success"
        return answer["containerId"][:SHORT]

    def execute(self, workspace: Path, notebook: str, output: str) -> Any:
        """Execute a notebook in its container, by the kernel that it names, and return it.

        A notebook's own kernel is what `jupyter execute` takes, which no image of ours has.
        """
        if self.machine.uid == 0:
            share(workspace)
        pip = ("python3", "-m", "pip", "install", "--quiet", "nbclient")
        self.must("exec", *pip, workspace=workspace)
        run = ("jupyter", "execute", f"--output={output}", notebook)
        self.must("exec", *run, workspace=workspace)
        return nbformat.read(workspace / output, as_version=4)


def remove_containers(engine: Engine, project: Path) -> None:
    """Remove what any client made for a project, boxes of ours too; images of ours stay."""
    for container in engine.containers({DEVCONTAINER_FOLDER: str(project)}):
        engine.remove(container.id)
    name = _letters(project.name)
    theirs = (f"vsc{name}", f"devcontainer{name}")  # the reference client's, and the second one's
    for image in engine.images({}):  # not all of theirs carry a label
        for tag in image.tags:
            if _letters(tag).startswith(theirs):
                engine.remove_image(tag)


def _letters(name: str) -> str:
    """Return what all clients keep of a folder's name in an image's."""
    return "".join(filter(str.isalnum, name.lower()))


def share(project: Path) -> None:
    """Let a client's user write what is root's: no client gives it root's uid.

    What a build reads keeps its modes, for BuildKit's cache goes by them too.
    """
    for path in (project, *project.rglob("*")):
        if ".devcontainer" not in path.relative_to(project).parts:
            path.chmod(path.stat().st_mode | 0o666 | (0o111 if path.is_dir() else 0))


@contextmanager
def cleaned(engine: Engine, project: Path) -> Iterator[Path]:
    """Yield the project; nothing stands for it before and after."""
    remove_containers(engine, project)
    try:
        yield project
    finally:
        remove_containers(engine, project)
