"""`history`: what was done in the running box by hand, as lines for the Dockerfile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jupyter_devbox.capture.typed import Typed, worth_keeping
from jupyter_devbox.engine.redact import secrets_in
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.plan.adding import Additions, additions
from jupyter_devbox.render.instructions import command, run
from jupyter_devbox.render.steps import CA, NETWORK, PROXY, REACH, apt_install
from jupyter_devbox.run.by_hand import typed_in
from jupyter_devbox.spec.by_hand import ByHand
from jupyter_devbox.spec.written import INTERPRETER, USER
from jupyter_devbox.workflow.box_facts import by_hand
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.running_boxes import RunningBox, require_running


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxHistory:
    """What was done in one running box.

    Parameters
    ----------
    by_hand
        How it differs from its image.
    new
        What of that the project's files do not say.
    typed
        Other commands that brought something into it.
    """

    box: RunningBox
    by_hand: ByHand
    new: Additions
    typed: Typed

    def lines(self) -> tuple[str, ...]:
        """Return what would do the same in an image, as a Dockerfile has it."""
        return tuple(line for text in self._instructions() for line in text.splitlines())

    def _instructions(self) -> Iterator[str]:
        if self.new.apt:
            yield "USER root"
            yield run(apt_install(self.new.apt), [CA, PROXY])
            yield f"USER {USER}"
        packages = [f"{package.name}=={package.public}" for package in self.new.wanted]
        pip = (INTERPRETER, "-m", "pip")
        if packages:
            install = command(*pip, "install", "--no-cache-dir", *packages)
            yield run([*REACH, install], NETWORK)
        if self.new.drop:
            yield run([command(*pip, "uninstall", "--yes", *self.new.drop)])
        for words in self.typed.commands:
            yield run([*REACH, command(*words)], NETWORK)

    def to_json(self) -> dict[str, Any]:
        """Return an entry of ``boxes`` in `history --json`."""
        return {
            "id": self.box.id,
            "target": self.box.target,
            **({"group": self.box.group} if self.box.group else {}),
            "added": [package.to_json() for package in self.new.wanted],
            "removed": list(self.new.drop),
            "apt": list(self.new.apt),
            "left_out": [package.to_json() for package in self.new.left_out],
            "commands": [list(words) for words in self.typed.commands],
            "secret": self.typed.secret,
            "lines": list(self.lines()),
        }


def history(context: Context, project: Project) -> tuple[BoxHistory, ...]:
    """Return what was done by hand in each running box of a project; changes nothing.

    Raises
    ------
    RunError
        No box of the project runs.
    EngineError
        The engine does not answer.
    """
    engine = context.connect()
    secrets = secrets_in(context.env)
    return tuple(
        BoxHistory(
            box=box,
            by_hand=(found := by_hand(engine, box)),
            new=additions(found, read_environment(project.root, box.target, box.group), ()),
            typed=worth_keeping(typed_in(engine, box.id, box.user), secrets),
        )
        for box in require_running(context, engine, project)
    )
