"""Which address leads to which handler; handlers are loaded when they are first needed.

Loading them takes hundreds of milliseconds, which a server that starts shall not wait for.
"""

# ruff: noqa: ANN401  # Tornado's signatures
from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tornado.web import RequestHandler

if TYPE_CHECKING:
    from jupyter_devbox.server.common import Common
    from jupyter_devbox.server.handler import DevboxHandler

PREFIX = "/jupyter-devbox"
_ID = r"([^/]+)"
_ROWS = (
    ("about", "about.AboutHandler"),
    ("notebook", "notebook.NotebookHandler"),
    ("plan", "plan.PlanHandler"),
    ("package", "package.PackageHandler"),
    ("builds", "builds.BuildsHandler"),
    (f"builds/{_ID}", "builds.BuildHandler"),
    ("kernels", "kernels.KernelsHandler"),
    (f"kernels/{_ID}/limits", "kernels.KernelLimitsHandler"),
    ("boxes", "boxes.BoxesHandler"),
    (f"boxes/{_ID}", "boxes.BoxHandler"),
    ("ports", "ports.PortsHandler"),
    (f"frame/{_ID}", "frame.FrameHandler"),
    ("tensorboard", "tensorboard.TensorboardHandler"),
    ("images", "images.ImagesHandler"),
    ("prune", "images.PruneHandler"),
    ("doctor", "doctor.DoctorHandler"),
    ("share", "share.ShareHandler"),
    ("trust", "trust.TrustHandler"),
    ("asks", "asks.AsksHandler"),
    (f"asks/{_ID}", "asks.AskHandler"),
)


def routes(common: Callable[[], Common]) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """Return patterns without the server's own prefix, and what stands in for their handlers."""
    return [(f"{PREFIX}/{path}/?", _stand_in(name), {"common": common}) for path, name in _ROWS]


def handlers() -> tuple[tuple[str, type[DevboxHandler]], ...]:
    """Load all handlers and return them with their addresses."""
    return tuple((path, _load(name)) for path, name in _ROWS)


@cache
def _load(name: str) -> type[DevboxHandler]:
    module, _, kind = name.partition(".")
    loaded = import_module(f"jupyter_devbox.server.resources.{module}")
    handler: type[DevboxHandler] = getattr(loaded, kind)
    return handler


def _stand_in(name: str) -> type[RequestHandler]:
    """Return a class that Tornado may keep, and that makes objects of the handler itself."""

    class StandIn(RequestHandler):
        """Loads the handler with its first request; it has no method of its own."""

        def __new__(cls, *words: Any, **options: Any) -> Any:
            return _load(name)(*words, **options)

    return StandIn
