"""`shell`: a shell in the project's box, on the user's terminal."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import EngineError
from jupyter_devbox.files.project import Project
from jupyter_devbox.run.paths import PathMap
from jupyter_devbox.spec.box import Box
from jupyter_devbox.spec.container import ExecSpec
from jupyter_devbox.spec.groups import ONLY
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.opening import open_project_box
from jupyter_devbox.workflow.running import find_kernel
from jupyter_devbox.workflow.splitting import notebook_group

_SHELL = ("sh", "-c", "if command -v bash >/dev/null; then exec bash; else exec sh; fi")
"""Not a login shell: Debian's /etc/profile would take the environment off PATH."""

_TERM = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]{0,63}")
_PLAIN = "xterm"
_MARK = "JUPYTER_DEVBOX_SHELL"
_HANG_UP = """
import os, signal, sys
for name in os.listdir("/proc"):
    if name.isdigit() and int(name) != os.getpid():
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if sys.argv[1].encode() in file.read().split(b"\\0"):
                    os.kill(int(name), signal.SIGHUP)
        except OSError:
            pass
"""


def open_shell(
    context: Context,
    project: Project,
    folder: Path,
    *,
    notebook: Path | None = None,
    group: str = ONLY,
    target: str | None = None,
    on_open: Callable[[Box], None] = lambda _: None,
) -> int:
    """Run a shell in the project's box on this process's terminal; return its exit code.

    The box is started as for a kernel, if it does not run.

    Parameters
    ----------
    folder
        Where it begins, if the project has that folder; else in the project's own.
    notebook, group
        Which environment of a split project is meant, by a notebook in it or by its name.
    target
        ``cpu`` or ``cuda``; None takes the first of them that there is.
    on_open
        Told of the box before the shell begins.

    Raises
    ------
    RunError
        There is no kernel in a box, or the box cannot be started.
    UntrustedProjectError
        devcontainer.json is not approved as it is.
    """
    chosen = notebook_group(project, notebook) if notebook else group
    spec = find_kernel(context, project, target, chosen)
    engine = context.connect()
    box = open_project_box(context, engine, project, spec)
    on_open(box)
    mark = f"{_MARK}={os.urandom(8).hex()}"
    term = context.env.get("TERM", "")
    wanted = ExecSpec(
        command=_SHELL,
        user=box.user,
        workdir=PathMap(Path(box.project), box.workspace).to_box(folder) or box.workspace,
        env={"TERM": term if _TERM.fullmatch(term) else _PLAIN, **dict([mark.split("=")])},
    )
    try:
        return engine.terminal(box.id, wanted)
    except BaseException:
        # The terminal was closed: the engine would leave the shell behind, and the box awake.
        _hang_up(engine, box, mark)
        raise


def _hang_up(engine: Engine, box: Box, mark: str) -> None:
    """Tell a shell that its terminal is gone."""
    command = ("python3", "-c", _HANG_UP, mark)
    with suppress(EngineError):  # the box is gone too
        engine.run(box.id, ExecSpec(command=command, user=box.user))
