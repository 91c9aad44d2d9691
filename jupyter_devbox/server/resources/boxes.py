"""``boxes``: what runs, and for whom."""

from __future__ import annotations

import shlex
import sys
from typing import Any

from jupyter_core.utils import ensure_async
from tornado.web import authenticated

from jupyter_devbox.errors import NotFoundError
from jupyter_devbox.run.death import size
from jupyter_devbox.server.handler import DevboxHandler, authorized, authorized_to
from jupyter_devbox.server.shapes import engine_json, folder_json
from jupyter_devbox.view.units import clean
from jupyter_devbox.workflow.boxes import BoxState, boxes, require_ours, stop_box


class BoxesHandler(DevboxHandler):
    """All boxes."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the boxes and the kernels of this server in them."""
        once = self.common.once
        found, obstacle = await once.get(
            "boxes", lambda: self.in_thread(boxes, self.common.context)
        )
        living = await kernels_in_boxes(self)
        self.answer(
            {
                "boxes": [_json(box, living.get(box.id, [])) for box in found],
                "engine": engine_json(obstacle),
            }
        )


class BoxHandler(DevboxHandler):
    """One box."""

    @authenticated
    @authorized_to("execute")
    async def delete(self, identity: str) -> None:
        """Stop it, its kernels first: Jupyter would start a box again for one that it misses."""
        await self.in_thread(require_ours, self.common.context, identity)
        living = await kernels_in_boxes(self)
        kernels: Any = self.kernel_manager
        for kernel in living.get(identity, []):
            await ensure_async(kernels.shutdown_kernel(kernel["id"]))
        await self.in_thread(stop_box, self.common.context, identity)
        self.common.once.forget()
        self.common.announcer.changed("boxes", "kernels")
        self.answer({"stopped": identity})


async def kernels_in_boxes(handler: DevboxHandler) -> dict[str, list[dict[str, Any]]]:
    """Return this server's kernels in boxes, by container, each with its notebook's path."""
    known: Any = handler.session_manager
    sessions = await ensure_async(known.list_sessions())
    paths = {one["kernel"]["id"]: one["path"] for one in sessions if one.get("kernel")}
    found: dict[str, list[dict[str, Any]]] = {}
    for identity in handler.kernel_manager.list_kernel_ids():
        try:
            manager = handler.kernel_manager.get_kernel(identity)
        except (KeyError, NotFoundError):  # it ended this moment
            continue
        container = getattr(getattr(manager, "provisioner", None), "container", "")
        if container:
            row = {"id": identity, "path": paths.get(identity), "name": manager.kernel_name}
            found.setdefault(container, []).append(row)
    return found


def _json(box: BoxState, kernels: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": box.id,
        "name": box.name,
        "project": folder_json(box.project),
        "target": box.target,
        **({"group": box.group} if box.group else {}),
        "image": box.image,
        "running": box.running,
        "stale": box.stale,
        "foreign": box.foreign,
        "memory": size(box.memory) if box.memory else None,
        "use": box.use.to_json() if box.use else None,
        "gpus": [{**gpu.to_json(), "name": clean(gpu.name)} for gpu in box.gpus],
        "kernels": kernels,
        "shell": _shell(box),
    }


def _shell(box: BoxState) -> str:
    """Return the command line that opens a shell in a box, for a terminal of this machine."""
    words = [sys.executable, "-m", "jupyter_devbox", "shell", "--project", box.project]
    group = ["--group", box.group] if box.group else []
    return shlex.join([*words, "--target", box.target, *group])
