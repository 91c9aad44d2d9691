"""``about``: whether the server's half is there, and which."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_devbox._version import __version__
from jupyter_devbox.server.handler import DevboxHandler, authorized

API = 1
"""The interface's version: another one means that page and server are of different releases."""


class AboutHandler(DevboxHandler):
    """The server's half itself."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with versions.

        A page asks this as it begins, and where its user has it check again: what was found a
        moment ago is not good enough then.
        """
        self.common.once.forget()
        self.answer({"version": __version__, "api": API})
