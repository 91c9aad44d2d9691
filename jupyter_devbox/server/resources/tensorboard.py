"""``tensorboard``: started in the box of a notebook's kernel."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_devbox.errors import BadRequestError
from jupyter_devbox.server.handler import DevboxHandler, authorized_to
from jupyter_devbox.server.resources.boxes import kernels_in_boxes
from jupyter_devbox.workflow.notebooks import notebook_project
from jupyter_devbox.workflow.tensorboard import LOGDIR, serve_folder


class TensorboardHandler(DevboxHandler):
    """TensorBoard for a folder beside a notebook."""

    @authenticated
    @authorized_to("execute")
    async def post(self) -> None:
        """Start it, or find it; where it is reached is told by ``ports``."""
        body = self.body()
        path = body.text("path", needed=True)
        folder = body.text("logdir") or LOGDIR
        if "\0" in folder:
            message = f"This is no path of a folder: `{folder[:200]}`"
            raise BadRequestError(message, hint="name the folder beside the notebook")
        context = self.common.context
        file = await self.in_thread(self.file_of, path)
        project = await self.in_thread(notebook_project, context, file)
        living = await kernels_in_boxes(self)
        mine = next((box for box, rows in living.items() if _has(rows, path)), "")
        served = await self.in_thread(
            serve_folder, context, project.root, file.parent / folder, mine
        )
        self.answer(served.to_json())


def _has(rows: list[dict[str, object]], path: str) -> bool:
    return any(row["path"] == path for row in rows)
