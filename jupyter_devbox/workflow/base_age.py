"""How old the base image is that a project's image stands on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.files.reader import read_base
from jupyter_devbox.spec.container import ImageInfo

_DAY = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseAge:
    """The base image, as this engine has it.

    Parameters
    ----------
    ref
        Its name in the Dockerfile.
    days
        Since it was made.
    newer
        Whether the project's image was built on another state of it.
    """

    ref: str
    days: int
    newer: bool

    def to_json(self) -> dict[str, Any]:
        """Return the object of `status --json`."""
        return {"ref": self.ref, "days": self.days, "newer": self.newer}


def base_age(engine: Engine, project: Path, image: ImageInfo | None) -> BaseAge | None:
    """Return the age of a project's base image; None where it is not on this engine.

    Raises
    ------
    EngineError
        The engine does not answer.
    """
    ref = read_base(project)
    base = engine.image(ref) if ref else None
    if base is None or not base.created:
        return None
    newer = image is not None and image.layers[: len(base.layers)] != base.layers
    days = max(0, int((time.time() - base.created) // _DAY))
    return BaseAge(ref=ref, days=days, newer=newer)
