"""Removes what processes that were killed left behind. Acts on label and ledger alone.

Databases beside a box that ended are stopped, and nothing of theirs is removed.

Never: a box that runs; a stopped box, which holds what the user installed; what a living process
made; what the ledger does not know, or made with another engine.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.engine.scratch import sweep_scratch
from jupyter_devbox.run.box import remove_box
from jupyter_devbox.run.composed import stop_services
from jupyter_devbox.run.heartbeat import dead_kernels
from jupyter_devbox.run.runtime_dir import RuntimeDir
from jupyter_devbox.spec.box import LABEL_KIND, LABEL_RUNTIME
from jupyter_devbox.spec.container import ContainerInfo
from jupyter_devbox.workflow.context import Context

_KEY = re.compile(r"[0-9a-f]{8}")


def sweep(context: Context, engine: Engine, base: Path) -> tuple[str, ...]:
    """Remove containers, files and folders of processes that have ended; return what went.

    Called after the first kernel start of a process, in a thread, and by `prune`.

    Parameters
    ----------
    base
        Where runtime folders lie.
    """
    removed = [str(folder) for folder in sweep_scratch()]
    removed += _containers(context, engine, base)
    removed += _services(context, engine)
    removed += _runtime_folders(engine, base)
    context.ledger.drop_marks()
    return tuple(removed)


def _services(context: Context, engine: Engine) -> list[str]:
    """Stop databases whose box has ended, and the process that would have stopped them too."""
    orphans = context.ledger.orphans("compose", engine=engine.info().id)
    return [name for entry in orphans for name in stop_services(engine, entry.id)]


def _containers(context: Context, engine: Engine, base: Path) -> list[str]:
    """Remove isolated kernels' containers, and boxes that were never started."""
    removed = []
    here = engine.info().id
    for kind in ("kernel", "box"):
        for entry in context.ledger.orphans(kind, engine=here):
            container = engine.container(entry.id)
            if container is None:
                context.ledger.forget(kind, entry.id)
            elif container.labels.get(LABEL_KIND) == kind and _removed(
                engine, container, kind, base
            ):
                context.ledger.forget(kind, entry.id)
                removed.append(entry.id)
    return removed


def _removed(engine: Engine, container: ContainerInfo, kind: str, base: Path) -> bool:
    """Remove a container that nobody can use any more; tell whether it was one."""
    if kind == "kernel":
        remove_box(engine, container, base)
        return True
    runtime = _folder(base / container.labels.get(LABEL_RUNTIME, ""))
    if container.status != "created" or runtime is None:
        return False
    with runtime.locked():  # somebody may be about to start it
        now = engine.container(container.id)
        if now is None or now.status != "created":
            return False
        engine.remove(container.id)
    return True


def _runtime_folders(engine: Engine, base: Path) -> list[str]:
    """Remove the files of kernels whose process has ended, and folders of isolated ones."""
    removed = []
    for path in sorted(base.glob("*")):
        runtime = _folder(path)
        dead = dead_kernels(runtime) if runtime else ()
        if runtime is None or not dead:
            continue
        for name in dead:
            runtime.discard(name)
            removed.append(f"{path.name}/{name}")
        # A box's folder has a lock, and stays for the box; a kernel's own has none.
        if not runtime.marked("lock") and not engine.containers({LABEL_RUNTIME: path.name}):
            runtime.remove()
    return removed


def _folder(path: Path) -> RuntimeDir | None:
    """Return a runtime folder of this user's, None for anything else."""
    if not _KEY.fullmatch(path.name) or path.is_symlink() or not path.is_dir():
        return None
    owner = path.lstat().st_uid
    return RuntimeDir(path, owner, os.getegid()) if owner == os.geteuid() else None
