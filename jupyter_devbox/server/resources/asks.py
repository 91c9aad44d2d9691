"""``asks``: what boxes ask the host for, and the user's answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tornado.web import authenticated

from jupyter_devbox.errors import NotFoundError
from jupyter_devbox.files.project import Project
from jupyter_devbox.ledger.asks import StoredAsk
from jupyter_devbox.server.body import Edits
from jupyter_devbox.server.builds.job import Order
from jupyter_devbox.server.handler import DevboxHandler, authorized, authorized_to
from jupyter_devbox.server.places import path_below
from jupyter_devbox.server.shapes import folder_json
from jupyter_devbox.spec.visible import visible
from jupyter_devbox.view.units import moment
from jupyter_devbox.workflow import asking
from jupyter_devbox.workflow.requests import ContainerizeRequest


class AsksHandler(DevboxHandler):
    """All requests that wait."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with those about notebooks that this server shows, oldest first."""
        found = await self.in_thread(_waiting, self)
        self.answer({"asks": [_json(ask) for ask, _ in found]})


class AskHandler(DevboxHandler):
    """One request."""

    @authenticated
    @authorized_to("execute")
    async def post(self, identity: str) -> None:
        """Do what was asked for, as it was shown, in a build; or refuse it."""
        accept = self.body().needed_flag("accept")
        waiting = await self.in_thread(_waiting, self)
        found = next((pair for pair in waiting if pair[0].id == identity), None)
        if found is None:
            message = f"No box waits for an answer to: `{identity[:60]}`"
            raise NotFoundError(message, hint="look at what boxes ask for")
        build = await self._accepted(*found) if accept else None
        if not accept:
            await self.in_thread(asking.refuse, self.common.context, identity)
        self.common.announcer.changed("asks")
        self.answer({"state": "accepted" if accept else "refused", "build": build})

    async def _accepted(self, ask: StoredAsk, path: str) -> dict[str, Any]:
        context, root = self.common.context, Path(ask.project)
        order = Order(
            path=path,
            request=ContainerizeRequest(notebooks=(root / ask.notebook,), project=root),
            edits=Edits(),
            work=lambda _, on_event, cancel: asking.approve(context, ask.id, on_event, cancel),
        )
        project = Project(root=root, reason="a box of it asks")
        record, _ = await self.in_thread(self.common.builds.order, project, order)
        self.common.announcer.changed("builds")
        return record.to_json()


def _waiting(handler: DevboxHandler) -> list[tuple[StoredAsk, str]]:
    """Return what waits about notebooks below the server's root, each with Jupyter's path."""
    every = asking.waiting(handler.common.context)
    root = handler.contents_manager
    paths = [(ask, path_below(root, Path(ask.project) / ask.notebook)) for ask in every]
    return [(ask, path) for ask, path in paths if path is not None]


def _json(ask: StoredAsk) -> dict[str, Any]:
    return {
        "id": ask.id,
        "project": folder_json(ask.project),
        "box": visible(ask.box),
        "verb": visible(ask.verb),
        "names": [visible(name) for name in ask.names],
        "notebook": visible(ask.notebook),
        "asked": moment(ask.asked),
        "diff": [visible(line) for line in ask.diff],
    }
