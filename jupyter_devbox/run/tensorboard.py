"""TensorBoard in a running box: asked for by an exec, its answer checked."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import BoxProgramError
from jupyter_devbox.run import tensorboard_program
from jupyter_devbox.run.forwarding import Way
from jupyter_devbox.spec.container import ExecSpec
from jupyter_devbox.spec.visible import visible

_VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]{0,39}")
_MOST_LINES = 5
_ADD = "%pip install tensorboard in the notebook; add it to the image: jupyter devbox containerize"


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorBoard:
    """One that listens in a box.

    Parameters
    ----------
    port
        In the box.
    version
        The image's own; "" if the box does not say one.
    started
        Whether it was started just now.
    """

    port: int
    version: str
    started: bool


def start_tensorboard(engine: Engine, way: Way, folder: str) -> TensorBoard:
    """Start TensorBoard for a folder of a box, or find the one that serves it.

    Parameters
    ----------
    folder
        Absolute path in the box. It need not be there yet.

    Raises
    ------
    BoxProgramError
        The image has no TensorBoard, or it ended at once.
    """
    program = Path(tensorboard_program.__file__).read_text(encoding="utf-8")
    # Not in the project's folder: a `tensorboard.py` there is none.
    command = ("python3", "-c", program, folder)
    done = engine.run(way.container, ExecSpec(command=command, user=way.user, workdir="/"))
    said = _object(done.stdout)
    port, version = said.get("port"), said.get("version")
    if isinstance(port, int) and not isinstance(port, bool) and 0 < port < 65536:
        whole = isinstance(version, str) and _VERSION.fullmatch(version)
        started = said.get("started") is True
        return TensorBoard(port=port, version=str(version) if whole else "", started=started)
    if said.get("error") == "missing":
        message = "The box has no TensorBoard"
        raise BoxProgramError(message, hint=_ADD)
    lines = said.get("lines")
    told = lines if isinstance(lines, list) else done.stderr.splitlines()
    message = f"TensorBoard did not start in the box: `{visible(folder)}`"
    raise BoxProgramError(
        message,
        hint="jupyter devbox ports",
        details=tuple(visible(str(line)) for line in told[-_MOST_LINES:]),
    )


def _object(text: str) -> dict[str, object]:
    """Return the object on the last line that a box printed; {} if there is none."""
    try:
        found = json.loads((text.strip().splitlines() or [""])[-1])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
