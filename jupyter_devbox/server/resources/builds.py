"""``builds``: start, list, follow and cancel them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from tornado.web import authenticated

from jupyter_devbox.server.asked import Asked, asked_notebook
from jupyter_devbox.server.builds.job import Order, Work
from jupyter_devbox.server.handler import DevboxHandler, authorized, authorized_to
from jupyter_devbox.server.kernels import in_box
from jupyter_devbox.server.resources.plan import containerize_request
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.requests import ContainerizeRequest, ContainerizeResult, Event
from jupyter_devbox.workflow.syncing import SyncRequest, sync


class BuildsHandler(DevboxHandler):
    """All builds."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the builds, newest first."""
        records = await self.in_thread(self.common.builds.all)
        self.answer({"builds": [record.to_json() for record in records]})

    @authenticated
    @authorized_to("execute")
    async def post(self) -> None:
        """Write the files of a notebook's environment and build it."""
        body = self.body()
        path, kernel = body.text("path", needed=True), body.text("kernel")
        edits, digest = body.edits(), body.text("digest")
        write_only = body.flag("write_only")
        asked = await asked_notebook(self, path, kernel)
        request = containerize_request(asked, edits, build=not write_only, agreed=digest)
        syncs = body.flag("sync") and in_box(asked.kernel)
        work = _syncing(self.common.context, asked) if syncs else None
        order = Order(path=path, request=request, edits=edits, work=work)
        record, joined = await self.in_thread(self.common.builds.order, asked.project, order)
        if not joined:
            self.common.announcer.changed("builds")
        self.answer(record.to_json(joined=joined), 200 if joined else 201)


def _syncing(context: Context, asked: Asked) -> Work:
    """Return the work that puts what the running box has into the image."""

    def work(
        request: ContainerizeRequest, on_event: Callable[[Event], None], cancel: threading.Event
    ) -> ContainerizeResult:
        live = asked.snapshot
        name = asked.project.relative(asked.file)
        wanted = SyncRequest(
            project=asked.project,
            snapshot=replace(live, notebook=name) if live else None,
            build=request.build,
        )
        return sync(context, wanted, on_event, cancel).made

    return work


class BuildHandler(DevboxHandler):
    """One build."""

    @authenticated
    @authorized
    async def get(self, identity: str) -> None:
        """Answer with how it stands, and a part of its log."""
        since = self.number("since")
        record = await self.in_thread(self.common.builds.get, identity)
        part = await self.in_thread(self.common.builds.log, record.id, since)
        log = {
            "since": part.since,
            "next": part.next,
            "lines": list(part.lines),
            "more": part.more,
        }
        self.answer({**record.to_json(), "log": log})

    @authenticated
    @authorized_to("execute")
    async def delete(self, identity: str) -> None:
        """Cancel it."""
        record, running = await self.in_thread(self.common.builds.cancel, identity)
        self.answer(record.to_json(), 202 if running else 200)
