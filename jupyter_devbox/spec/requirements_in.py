"""Lines of requirements.in, both ways: a direct requirement with its reason and notebooks.

A line of ours ends in a comment that begins with one of our reasons::

    pandas==2.2.3  # import: pandas; notebooks: ["a.ipynb", "sub/b.ipynb"]

Notebook names stand there as JSON, because a file may be called anything. Every other line with a
requirement is the user's own: it is kept, byte for byte, and locked too.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import cast, get_args

from jupyter_devbox.errors import RequirementError
from jupyter_devbox.spec.environment import DirectReason, DirectRequirement
from jupyter_devbox.spec.names import ADDRESS, normalise, parse_requirement

HEADING = (
    "# What the notebooks need, one a line, with the reason. Written by jupyter-devbox.\n"
    "# Lines of your own are kept and locked too: add them below.\n"
)
_REASONS = "|".join(reason for reason in get_args(DirectReason) if reason != "hand")
_OURS = re.compile(
    rf"(?P<text>\S.*?)\s+# (?P<reason>{_REASONS}): (?P<detail>.*?)"
    r"(?:; allowed: (?P<allowed>[^;]*))?(?:; source: (?P<url>\S+))?(?:; index: (?P<index>\S+))?"
    r"; notebooks: (?P<notebooks>\[.*\])"
)


def format_line(requirement: DirectRequirement) -> str:
    """Return our line for a requirement, without line end."""
    detail = " ".join(requirement.detail.split()).replace(";", ",")
    parts = [f"{requirement.reason}: {detail}"]
    if requirement.allowed:
        parts.append(f"allowed: {requirement.allowed}")
    given = requirement.reason == "option" and requirement.source == "file"
    if requirement.url and not given:  # a wheel that the user gave lies beside the lock
        parts.append(f"source: {requirement.url}")
    parts += [f"index: {index}" for index in requirement.indexes[:1]]
    parts.append(f"notebooks: {json.dumps(list(requirement.notebooks))}")
    return f"{requirement.text}  # {'; '.join(parts)}"


def parse_line(line: str) -> DirectRequirement | None:
    """Return the requirement of one line; None for a comment or an empty line.

    Raises
    ------
    RequirementError
        The line is neither: a pip option, an address, or not a requirement at all.
    """
    stripped = line.strip()
    if not stripped or stripped.startswith("#"):
        return None
    ours = _OURS.fullmatch(stripped)
    text = ours["text"] if ours else re.split(r"\s+#", stripped, maxsplit=1)[0]
    if text.startswith("-"):
        message = f"requirements.in holds an option, which the lock does not take: `{text}`"
        raise RequirementError(message, hint="remove the line, or name a package")
    parsed = parse_requirement(text)
    requirement = DirectRequirement(
        name=normalise(parsed.name),
        extras=tuple(sorted(parsed.extras)),
        specifier=str(parsed.specifier),
        firm=True,
        marker=str(parsed.marker or ""),
        reason="hand",
    )
    if ours is None:
        return requirement
    url = ours["url"]
    allowed = ours["allowed"] or ""
    return replace(
        requirement,
        # A line that says just what the user's own words say is one that we left unpinned.
        firm=ours["reason"] == "option" or requirement.specifier == allowed != "",
        allowed=allowed,
        reason=cast("DirectReason", ours["reason"]),
        detail=ours["detail"],
        notebooks=_notebooks(ours["notebooks"], stripped),
        source="index" if url is None else "vcs" if url.startswith("git+") else "file",
        url=url,
        indexes=(ours["index"],) if ADDRESS.fullmatch(ours["index"] or "") else (),
    )


def _notebooks(text: str, line: str) -> tuple[str, ...]:
    """Return the notebook names of our comment; the line may have been damaged by hand."""
    try:
        names = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"requirements.in has a line with a damaged notebook list: `{line}`"
        raise RequirementError(message, hint="delete the line and containerize again") from error
    return tuple(sorted(str(name) for name in names))
