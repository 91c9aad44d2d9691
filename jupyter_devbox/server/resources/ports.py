"""``ports``: what listens in the boxes of this server's kernels."""

from __future__ import annotations

from typing import Any

from tornado.web import authenticated

from jupyter_devbox.run.ports import PORTS, BoxPorts
from jupyter_devbox.server.handler import DevboxHandler, authorized
from jupyter_devbox.server.proxy import has_proxy
from jupyter_devbox.server.shapes import folder_json
from jupyter_devbox.workflow.ports import port_json


class PortsHandler(DevboxHandler):
    """All ports."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with what is known already; nobody is asked."""
        boxes = [_json(box) for box in sorted(PORTS.all(), key=_order)]
        self.answer({"boxes": boxes, "proxied": has_proxy(self.serverapp)})


def _order(box: BoxPorts) -> tuple[str, str, str]:
    return (box.spec.project, box.spec.target, box.container)


def _json(box: BoxPorts) -> dict[str, Any]:
    spec = box.spec
    return {
        "id": box.container,
        "project": folder_json(spec.project),
        "target": spec.target,
        **({"group": spec.group} if spec.group else {}),
        "ports": [port_json(port) for port in box.ports],
    }
