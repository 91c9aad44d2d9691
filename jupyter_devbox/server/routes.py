"""Which address leads to which handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jupyter_devbox.server.handler import DevboxHandler
from jupyter_devbox.server.resources.about import AboutHandler
from jupyter_devbox.server.resources.asks import AskHandler, AsksHandler
from jupyter_devbox.server.resources.boxes import BoxesHandler, BoxHandler
from jupyter_devbox.server.resources.builds import BuildHandler, BuildsHandler
from jupyter_devbox.server.resources.doctor import DoctorHandler
from jupyter_devbox.server.resources.images import ImagesHandler, PruneHandler
from jupyter_devbox.server.resources.kernels import KernelsHandler
from jupyter_devbox.server.resources.notebook import NotebookHandler
from jupyter_devbox.server.resources.package import PackageHandler
from jupyter_devbox.server.resources.plan import PlanHandler
from jupyter_devbox.server.resources.trust import TrustHandler

if TYPE_CHECKING:
    from jupyter_devbox.server.common import Common

PREFIX = "/jupyter-devbox"
_ID = r"([^/]+)"

HANDLERS: tuple[tuple[str, type[DevboxHandler]], ...] = (
    ("about", AboutHandler),
    ("notebook", NotebookHandler),
    ("plan", PlanHandler),
    ("package", PackageHandler),
    ("builds", BuildsHandler),
    (f"builds/{_ID}", BuildHandler),
    ("kernels", KernelsHandler),
    ("boxes", BoxesHandler),
    (f"boxes/{_ID}", BoxHandler),
    ("images", ImagesHandler),
    ("prune", PruneHandler),
    ("doctor", DoctorHandler),
    ("trust", TrustHandler),
    ("asks", AsksHandler),
    (f"asks/{_ID}", AskHandler),
)


def routes(common: Callable[[], Common]) -> list[tuple[str, type[DevboxHandler], dict[str, Any]]]:
    """Return the handlers with their patterns, without the server's own prefix."""
    return [(f"{PREFIX}/{path}/?", handler, {"common": common}) for path, handler in HANDLERS]
