"""``frame/PORT``: leads a frame in a notebook to a port of its kernel's box.

A program is in the notebook as soon as it listens, a moment before its port is forwarded, and not
always at the same number. So this waits for it. What the box serves may be hostile, and browsers
send Lab's cookies to every port of its host: the page that this returns holds it in a frame without
any, which opens no window and goes nowhere else. Where a browser has no such frames
(``credentialless``, of Chromium alone so far), it comes by loopback's other name, to which those
cookies do not go; Chromium may refuse it storage there, without which TensorBoard shows nothing.
"""

from __future__ import annotations

import asyncio
import html
import secrets
import time

from tornado.web import authenticated

from jupyter_devbox.errors import NotFoundError
from jupyter_devbox.run.ports import PORTS
from jupyter_devbox.server.handler import DevboxHandler, authorized
from jupyter_devbox.server.proxy import has_proxy, loopback_addresses, proxied_address

_PATIENCE = 10.0
_LOOK = 0.05
_SANDBOX = "allow-downloads allow-forms allow-modals allow-same-origin allow-scripts"
_POLICY = (
    "default-src 'none'; frame-ancestors 'self'; frame-src {near} {far}; "
    "script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'"
)
_PAGE = """<!doctype html>
<style nonce="{nonce}">
html, body, iframe {{ border: 0; height: 100%; margin: 0; width: 100% }}
</style>
<iframe credentialless sandbox="{sandbox}" data-near="{near}" data-far="{far}"></iframe>
<script nonce="{nonce}">
const frame = document.querySelector("iframe");
const {{ near, far }} = frame.dataset;
frame.src = "credentialless" in HTMLIFrameElement.prototype ? near : far;
</script>
"""


class FrameHandler(DevboxHandler):
    """One port of the box of a kernel of this server's."""

    @authenticated
    @authorized
    async def get(self, port: str) -> None:
        """Return a page that holds the port's, or redirect to it where only Lab's address works."""
        number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0
        container = self._container(self.query("kernel"))
        until = time.monotonic() + _PATIENCE
        while container and number:
            if local := PORTS.local(container, number):
                await self._lead(local)
                return
            if time.monotonic() > until:
                break
            await asyncio.sleep(_LOOK)
        message = f"Nothing in this kernel's box listens on the port: `{port[:20]}`"
        raise NotFoundError(message, hint="run the cell again")

    async def _lead(self, local: int) -> None:
        host = self.request.host_name
        address = proxied_address(host, self.base_url, local)
        if address and has_proxy(self.serverapp):
            self.redirect(address)
            return
        near, far = loopback_addresses(host, local)
        values = {"near": html.escape(near), "far": html.escape(far)}
        nonce = secrets.token_urlsafe(16)
        self.set_header("Content-Security-Policy", _POLICY.format(near=near, far=far, nonce=nonce))
        page = _PAGE.format(**values, nonce=nonce, sandbox=_SANDBOX)
        await self.finish(page, set_content_type="text/html; charset=utf-8")

    def _container(self, kernel: str) -> str:
        """Return the container of a kernel; "" for one that is in no box."""
        manager = self.kernel_manager
        if kernel not in manager.list_kernel_ids():
            return ""
        provisioner = getattr(manager.get_kernel(kernel), "provisioner", None)
        return str(getattr(provisioner, "container", ""))
