"""CUDA's own parts: a freeze of an environment names them, and what needs them brings them."""

from __future__ import annotations

from fnmatch import fnmatchcase

from jupyter_devbox.plan.cuda.draft import Draft
from jupyter_devbox.spec.catalogue import Catalogue


def drop_parts(draft: Draft, catalogue: Catalogue) -> None:
    """Drop pins of CUDA's libraries, so that they are locked again as what needs them wants.

    One that a notebook imports stays, and so does the user's own line, but for what a framework
    pins to one version itself.
    """
    parts = [name for name in draft.lines if _is_any(name, catalogue.dropped)]
    for name in parts:
        line = draft.lines[name]
        brought = "torch" in draft.lines and _is_any(name, catalogue.brought)
        if line.reason == "hand":
            draft.decide(name, line.text, "your own line: take it out if the lock cannot have it")
        elif line.reason != "import" or brought:
            draft.drop(name, "what needs it brings the version that it needs")


def _is_any(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
