"""The extension's entry: Jupyter Server loads this, and nearly nothing else before a request."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.extension.application import ExtensionApp

from jupyter_devbox.run.shown import FRAMES
from jupyter_devbox.server.routes import PREFIX, handlers, routes

if TYPE_CHECKING:
    from jupyter_events import EventLogger
    from jupyter_server.serverapp import ServerApp

    from jupyter_devbox.server.common import Common

_SCHEMAS = Path(__file__).with_name("events")
_AFTER = 1.0
"""Seconds after the start in which the page that is opened then comes first."""


class DevboxExtension(ExtensionApp):
    """REST and events for the panel."""

    name = "jupyter_devbox"
    load_other_extensions = True

    def initialize_settings(self) -> None:
        """Make the schemas of our events known."""
        self._common: Common | None = None
        for schema in sorted(_SCHEMAS.glob("*.yaml")):
            self._bus().register_event_schema(schema)

    def initialize_handlers(self) -> None:
        """Add what stands in for the handlers."""
        self.handlers.extend(routes(self.common))
        if self.serverapp is not None:
            FRAMES.address = f"{self.serverapp.base_url}{PREFIX[1:]}/frame/%PORT%"

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        """Load the handlers in a thread once the server runs; a request does not wait for it."""
        del serverapp
        loop = asyncio.get_running_loop()
        loop.call_later(_AFTER, loop.run_in_executor, None, handlers)

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
            self._common.watch.stop()
            await asyncio.to_thread(self._common.close)
