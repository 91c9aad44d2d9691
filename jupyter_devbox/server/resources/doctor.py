"""``doctor``: what is missing on this machine."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_devbox.server.handler import DevboxHandler, authorized
from jupyter_devbox.workflow.doctor import diagnose


class DoctorHandler(DevboxHandler):
    """All checks."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with what `jupyter devbox doctor --json` prints."""
        once = self.common.once
        found = await once.get("doctor", lambda: self.in_thread(diagnose, self.common.context))
        self.answer(found.to_json())
