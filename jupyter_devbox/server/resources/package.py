"""``package``: whether there is such a package, and what it says of itself."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_devbox.errors import BadRequestError
from jupyter_devbox.server.handler import DevboxHandler, authorized
from jupyter_devbox.spec.visible import visible
from jupyter_devbox.workflow.packages import find_package

_LONGEST = 200


class PackageHandler(DevboxHandler):
    """One package of the index."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with its newest version and its summary."""
        name = self.query("name")
        if not name or len(name) > _LONGEST:
            message = "Which package?"
            raise BadRequestError(message, hint="type its name, such as `seaborn`")
        context = self.common.context
        found = await self.common.once.get(
            ("package", name), lambda: self.in_thread(find_package, context, name)
        )
        self.answer(
            {
                "name": found.name if found else name,
                "version": found.version if found else None,
                "summary": visible(found.summary) if found else "",
                "known": found is not None,
            }
        )
