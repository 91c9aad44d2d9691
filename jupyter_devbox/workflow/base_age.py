"""How old the base image is that a project's image stands on."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.files.folder import read_inside
from jupyter_devbox.spec.container import ImageInfo
from jupyter_devbox.spec.written import DOCKERFILE, FOLDER

_BASE = re.compile(r"^ARG BASE=\"?(?P<ref>[A-Za-z0-9._/:@-]+)\"?$", re.MULTILINE)
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
    try:
        content = read_inside(project, f"{FOLDER}/{DOCKERFILE}")
    except OSError:
        return None
    found = _BASE.search((content or b"").decode("utf-8", "replace"))
    base = engine.image(found["ref"]) if found else None
    if found is None or base is None or not base.created:
        return None
    newer = image is not None and image.layers[: len(base.layers)] != base.layers
    days = max(0, int((time.time() - base.created) // _DAY))
    return BaseAge(ref=found["ref"], days=days, newer=newer)
