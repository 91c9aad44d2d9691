"""``kernels``: what is registered for any project."""

from __future__ import annotations

from typing import Any

from tornado.web import authenticated

from jupyter_devbox.server.handler import DevboxHandler, authorized
from jupyter_devbox.server.shapes import kernelspec_json
from jupyter_devbox.workflow.notebooks import registered_with_sizes


class KernelsHandler(DevboxHandler):
    """The kernelspecs of ours."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with all of them."""
        self.answer(await self.common.once.get("kernels", lambda: self.in_thread(self._registered)))

    def _registered(self) -> dict[str, Any]:
        found = registered_with_sizes(self.common.context)
        return {"kernels": [kernelspec_json(kernel, size) for kernel, size in found]}
