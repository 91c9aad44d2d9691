"""``kernels``: what is registered for any project, and the limits of its boxes."""

from __future__ import annotations

from typing import Any

from tornado.web import authenticated

from jupyter_devbox.server.handler import DevboxHandler, authorized, authorized_to
from jupyter_devbox.server.shapes import kernelspec_json, limits_json
from jupyter_devbox.spec.limit_words import written
from jupyter_devbox.view.units import clean
from jupyter_devbox.workflow.limiting import Limited, limit_kernel
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


class KernelLimitsHandler(DevboxHandler):
    """The limits of one kernel's box."""

    @authenticated
    @authorized_to("execute")
    async def post(self, name: str) -> None:
        """Write others; the kernel's next start gets a box that has them."""
        asked = self.body().limits()
        limited = await self.in_thread(limit_kernel, self.common.context, name, asked)
        self.common.once.forget()
        self.common.announcer.changed("kernels", "trust")
        self.answer(_json(limited))


def _json(limited: Limited) -> dict[str, Any]:
    return {
        "name": limited.kernel.name,
        "files": list(limited.files),
        "limits": limits_json(written(limited.limits), limited.gpus),
        "warnings": [
            {"code": code, "message": clean(message), "cell": None}
            for code, message in limited.warnings
        ],
    }
