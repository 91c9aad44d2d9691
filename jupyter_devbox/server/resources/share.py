"""``share``: links that open a notebook's project elsewhere."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_devbox.server.handler import DevboxHandler, authorized
from jupyter_devbox.server.shapes import project_json
from jupyter_devbox.spec.visible import visible
from jupyter_devbox.workflow.notebooks import notebook_project
from jupyter_devbox.workflow.sharing import sharing


class ShareHandler(DevboxHandler):
    """The links of one notebook's project."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with each way to open it, or why there is no link."""
        file = await self.in_thread(self.file_of, self.query("path"))
        project = await self.in_thread(notebook_project, self.common.context, file)
        found = await self.common.once.get(
            ("share", project.root), lambda: self.in_thread(sharing, project)
        )
        offers = [{**offer.to_json(), "reason": visible(offer.reason)} for offer in found.offers]
        self.answer({**found.to_json(), "project": project_json(project), "offers": offers})
