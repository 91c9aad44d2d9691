"""`jupyter devbox sbom`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from traitlets import Enum, Unicode

from jupyter_devbox.cli.verb import ALIASES, Verb
from jupyter_devbox.files.writer import atomic_write, writing
from jupyter_devbox.spec.box import TARGETS
from jupyter_devbox.view.units import count
from jupyter_devbox.workflow.bill import bill_of_materials
from jupyter_devbox.workflow.context import Context


class SbomVerb(Verb):
    """Write the bill of materials of the project's lock, in CycloneDX's JSON.

    The same lock gives the same bytes.
    """

    name = "jupyter-devbox-sbom"
    description = __doc__
    examples = "jupyter devbox sbom\njupyter devbox sbom --output sbom.cdx.json"
    output = Unicode(help="The file to write; by default standard output.").tag(config=True)
    target = Enum(TARGETS, "cpu", help="cpu or cuda.").tag(config=True)
    aliases = {**ALIASES, "output": "SbomVerb.output", "target": "SbomVerb.target"}

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Print or write it."""
        bill = bill_of_materials(self.find_project(context), self.target)
        if not self.output:
            if not self.json:
                print(bill.text, end="")
            return 0, json.loads(bill.text)
        path = Path(self.output).expanduser()
        with writing(path.parent):
            atomic_write(path, bill.text.encode())
        self.say(f"{count(bill.components, 'component')} written to {path}")
        return 0, {"output": str(path), "components": bill.components, "locks": dict(bill.locks)}
