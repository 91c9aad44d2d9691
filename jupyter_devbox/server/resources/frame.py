"""``frame/PORT``: leads a frame in a notebook to a port of its kernel's box.

A program is in the notebook as soon as it listens, a moment before its port is forwarded, and not
always at the same number. So this waits for it, and then redirects.
"""

from __future__ import annotations

import asyncio
import time

from tornado.web import authenticated

from jupyter_devbox.errors import NotFoundError
from jupyter_devbox.run.ports import PORTS
from jupyter_devbox.server.handler import DevboxHandler, authorized
from jupyter_devbox.server.proxy import frame_address, has_proxy

_PATIENCE = 10.0
_LOOK = 0.05


class FrameHandler(DevboxHandler):
    """One port of the box of a kernel of this server's."""

    @authenticated
    @authorized
    async def get(self, port: str) -> None:
        """Redirect to where the port is reached."""
        number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0
        container = self._container(self.query("kernel"))
        until = time.monotonic() + _PATIENCE
        while container and number:
            if local := PORTS.local(container, number):
                proxied = has_proxy(self.serverapp)
                self.redirect(frame_address(self.request.host_name, self.base_url, local, proxied))
                return
            if time.monotonic() > until:
                break
            await asyncio.sleep(_LOOK)
        message = f"Nothing in this kernel's box listens on the port: `{port[:20]}`"
        raise NotFoundError(message, hint="run the cell again")

    def _container(self, kernel: str) -> str:
        """Return the container of a kernel; "" for one that is in no box."""
        manager = self.kernel_manager
        if kernel not in manager.list_kernel_ids():
            return ""
        provisioner = getattr(manager.get_kernel(kernel), "provisioner", None)
        return str(getattr(provisioner, "container", ""))
