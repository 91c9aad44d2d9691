"""`jupyter devbox ports`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from traitlets import Integer

from jupyter_devbox.cli.verb import ALIASES, Verb, print_json
from jupyter_devbox.view.ports import described, located
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.ports import BoxWithPorts, list_ports, open_port, url


class PortsVerb(Verb):
    """Show what listens in the running boxes, and forward a port until Ctrl-C.

    While a Jupyter server has kernels in a box, it forwards the box's ports by itself. Ports are
    opened on this machine's loopback alone.
    """

    name = "jupyter-devbox-ports"
    description = __doc__
    examples = "jupyter devbox ports\njupyter devbox ports --open 8501"
    open = Integer(None, allow_none=True, help="Forward this port of a box until Ctrl-C.").tag(
        config=True
    )
    aliases = {**ALIASES, "open": "PortsVerb.open"}

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """List, or forward one."""
        chosen = self.chosen()
        project = chosen.resolve() if chosen else None
        if self.open is not None:
            return self._forward(context, self.open, project)
        found = list_ports(context, project)
        self.say(*_lines(found))
        return 0, {"ports": [row for box in found for row in box.to_json()]}

    def _forward(
        self, context: Context, port: int, project: Path | None
    ) -> tuple[int, Mapping[str, Any]]:
        if not 0 < port < 65536:
            self.fail_usage(f"This is no port: `{port}`")
        box, found, opened = open_port(context, port, project)
        try:
            answer = {"box": box.id, "port": found.port, "local": opened.local}
            if self.json:  # whoever reads this wants the address now, not when all is over
                print_json(answer)
                self.json = False
            else:
                self.say(f"{described(found)} is at {url(opened.local)}", "Ctrl-C ends this.")
            opened.wait()
        finally:
            opened.close()
        return 0, answer


def _lines(boxes: tuple[BoxWithPorts, ...]) -> Iterator[str]:
    rows = [(with_ports, port) for with_ports in boxes for port in with_ports.ports]
    if not rows:
        yield "Nothing listens in a running box." if boxes else "No box is running."
        return
    for with_ports in boxes:
        if with_ports.ports:
            yield f"{with_ports.box.project} ({with_ports.box.target})"
            yield from (f"  {located(port)}" for port in with_ports.ports)
    if unforwarded := [port for _, port in rows if not port.local]:
        yield f"Next: jupyter devbox ports --open {unforwarded[0].found.port}"
