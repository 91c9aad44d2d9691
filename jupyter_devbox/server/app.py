"""The extension's entry: Jupyter Server loads it; all that has to be made waits for a request."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jupyter_server.extension.application import ExtensionApp

from jupyter_devbox.server.announce import SCHEMAS
from jupyter_devbox.server.routes import routes

if TYPE_CHECKING:
    from jupyter_events import EventLogger

    from jupyter_devbox.server.common import Common


class DevboxExtension(ExtensionApp):
    """REST and events for the panel."""

    name = "jupyter_devbox"
    load_other_extensions = True

    def initialize_settings(self) -> None:
        """Make the schemas of our events known."""
        self._common: Common | None = None
        for schema in SCHEMAS:
            self._bus().register_event_schema(schema)

    def initialize_handlers(self) -> None:
        """Add the handlers."""
        self.handlers.extend(routes(self.common))

    def common(self) -> Common:
        """Return what all handlers share; made with the first request, on the server's loop."""
        if self._common is None:
            from jupyter_devbox.server.common import make_common  # noqa: PLC0415  (see above)
            from jupyter_devbox.workflow.context import this_machine  # noqa: PLC0415

            self._common = make_common(this_machine(), asyncio.get_running_loop(), self._emit)
        return self._common

    def _emit(self, schema: str, event: Mapping[str, Any]) -> None:
        self._bus().emit(schema_id=schema, data=dict(event))

    def _bus(self) -> EventLogger:
        assert self.serverapp is not None
        assert self.serverapp.event_logger is not None
        return self.serverapp.event_logger

    async def stop_extension(self) -> None:
        """End the builds that run: they are shown as interrupted after that."""
        if self._common is not None:
            await asyncio.to_thread(self._common.close)
