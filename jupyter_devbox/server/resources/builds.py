"""``builds``: start, list, follow and cancel them."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_devbox.server.asked import asked_notebook
from jupyter_devbox.server.builds.job import Order
from jupyter_devbox.server.handler import DevboxHandler, authorized, authorized_to
from jupyter_devbox.server.resources.plan import containerize_request


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
        order = Order(path=path, request=request, edits=edits)
        record, joined = await self.in_thread(self.common.builds.order, asked.project, order)
        if not joined:
            self.common.announcer.changed("builds")
        self.answer(record.to_json(joined=joined), 200 if joined else 201)


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
