"""What a cell's output holds for JupyterLab's extension, beside the text that stands for it. Pure.

Front ends that do not know the type show the text: VS Code, nbclassic, Lab without the extension.
"""

from __future__ import annotations

from typing import Any

from jupyter_devbox.view import wording
from jupyter_devbox.view.units import clean
from jupyter_devbox.workflow.requests import ContainerizeResult

MIME = "application/vnd.jupyter-devbox.v1+json"


def ready(result: ContainerizeResult) -> dict[str, Any]:
    """Return the done state as a part of a MIME bundle; empty where there is no kernel.

    The extension draws its own buttons from it: *Switch to NAME…* and *Open panel*.
    """
    if not result.kernels:
        return {}
    kernel = result.kernels[0]
    head, *lines = map(clean, wording.ready(result))
    title, _, aside = head.partition(": ")
    return {
        MIME: {
            "kind": "ready",
            "kernel": {"name": kernel.name, "display_name": kernel.display_name},
            "title": title,
            "aside": aside.rstrip("."),
            "lines": lines,
        }
    }
