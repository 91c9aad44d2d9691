"""``plan``: what would be written and built, and why; changes nothing."""

from __future__ import annotations

from typing import Any

from tornado.web import authenticated

from jupyter_devbox.server.asked import Asked, asked_notebook
from jupyter_devbox.server.body import Edits
from jupyter_devbox.server.handler import DevboxHandler, authorized, authorized_to
from jupyter_devbox.server.places import saved
from jupyter_devbox.server.plans import plan_json
from jupyter_devbox.workflow.proposing import propose
from jupyter_devbox.workflow.requests import ContainerizeRequest


class PlanHandler(DevboxHandler):
    """The plan of one notebook."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the plan as it is without the user's edits."""
        await self._plan(self.query("path"), self.query("kernel"), Edits())

    @authenticated
    @authorized_to("read")
    async def post(self) -> None:
        """Answer with the plan as it is with the user's edits."""
        body = self.body()
        await self._plan(body.text("path", needed=True), body.text("kernel"), body.edits())

    async def _plan(self, path: str, kernel: str, edits: Edits) -> None:
        asked = await asked_notebook(self, path, kernel)
        request = containerize_request(asked, edits)
        key = ("plan", request, saved(asked.file))
        self.answer(
            await self.common.once.get(key, lambda: self.in_thread(self._proposed, asked, request))
        )

    def _proposed(self, asked: Asked, request: ContainerizeRequest) -> dict[str, Any]:
        proposal = propose(self.common.context, request)
        return plan_json(proposal, request, asked.path)


def containerize_request(
    asked: Asked, edits: Edits, *, build: bool = True, agreed: str = ""
) -> ContainerizeRequest:
    """Return the use case's request for a notebook with the user's edits."""
    return ContainerizeRequest(
        notebooks=(asked.file,),
        snapshot=asked.snapshot,
        targets=edits.targets,
        wishes=edits.wishes,
        split=edits.split,
        keep_mine=edits.keep_mine,
        build=build,
        agreed=agreed,
    )
