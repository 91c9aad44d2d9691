"""What a project's running boxes say: what was installed by hand, and what notebooks use there."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from jupyter_devbox.capture import capture_environment
from jupyter_devbox.capture.told import checked
from jupyter_devbox.engine.base import Engine
from jupyter_devbox.files.project import Project
from jupyter_devbox.run.by_hand import ask_box, installed_by_hand
from jupyter_devbox.run.paths import PathMap
from jupyter_devbox.spec.by_hand import ByHand
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.workflow.capturing import probe_source
from jupyter_devbox.workflow.running_boxes import RunningBox

_PROGRAM = """
import json, sys
probe = {{"__name__": "devbox_probe"}}
exec({source!r}, probe)
print(json.dumps(probe["answer"](json.loads(sys.stdin.read()))))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxFacts:
    """A running box, how it differs from its image, and what its notebooks use in it."""

    box: RunningBox
    by_hand: ByHand
    snapshots: tuple[KernelSnapshot, ...] = ()


def by_hand(engine: Engine, box: RunningBox) -> ByHand:
    """Return how a running box differs from its image; raises `EngineError`."""
    return installed_by_hand(engine, box.id, box.user)


def box_facts(
    engine: Engine, box: RunningBox, project: Project, notebooks: tuple[str, ...]
) -> BoxFacts:
    """Return what a running box says.

    Parameters
    ----------
    notebooks
        Those of its environment, relative to the project.

    Raises
    ------
    CaptureError
        A notebook cannot be read, or the box's answer cannot.
    EngineError
        The engine does not answer, or the box went away.
    """
    captured = (capture_in_box(engine, box, project, project.root / name) for name in notebooks)
    return BoxFacts(box=box, by_hand=by_hand(engine, box), snapshots=tuple(captured))


def capture_in_box(
    engine: Engine, box: RunningBox, project: Project, notebook: Path
) -> KernelSnapshot:
    """Return the facts of a saved notebook, with the versions that the box has.

    The probe runs in the box, as its user; what it says is checked like a kernel's answer.
    """
    program = _PROGRAM.format(source=probe_source())
    ask = ask_box(engine, box.id, program, box.user)
    paths = PathMap(project.root, box.workspace)
    folder = paths.to_box(notebook.parent) or box.workspace
    snapshot = capture_environment(
        notebook,
        project=project.root,
        interpreter_probe=partial(_asked, ask, lambda path: paths.existing(path, folder)),
    )
    return replace(snapshot, notebook=project.relative(notebook))


def _asked(ask: Callable[[str], object], to_host: Callable[[str], str | None], request: str) -> str:
    return json.dumps(checked(ask(request), to_host))
