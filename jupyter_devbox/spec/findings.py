"""One thing that a configuration asks for beyond an ordinary box."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "mount", "volume", "capability", "security", "device", "address", "network", "privileged",
    "variable", "image", "service", "never",
]  # fmt: skip
"""How the box takes a finding that the user allows.

``image`` decides what is built, and a build waits for the answer; ``service`` is what Compose
would do, which takes a file as a whole, so that build and start wait for it; ``never`` is what
other clients would do and the box does not. All others are applied to the box, which does without
them until they are allowed.
"""

_BOX = frozenset(
    {"mount", "volume", "capability", "security", "device", "address", "network", "privileged",
     "variable"}
)  # fmt: skip
SHORTEST_ID = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something in a configuration that reaches the host, widens rights, or is not known.

    Parameters
    ----------
    key
        JSON pointer (RFC 6901) to it, or ``runArgs --name``; an item's number in its list is in
        `index`.
    value
        What stands there, as JSON text: untrusted.
    says
        What it lets the project do, in one plain sentence.
    file
        Where it was found, relative to the project.
    """

    key: str
    value: str
    says: str
    kind: Kind
    index: int | None = None
    file: str = ""

    @property
    def place(self) -> str:
        """The whole pointer, for people."""
        return self.key if self.index is None else f"{self.key}/{self.index}"

    @property
    def digest(self) -> str:
        """What a grant is kept under: another value, or another key, is another finding.

        Neither its file nor its number in a list counts: the same thing is asked for once.
        """
        text = json.dumps([self.key, self.value])
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def optional(self) -> bool:
        """Whether the box can be had without it, and takes it when it is allowed."""
        return self.kind in _BOX


def as_json(value: object) -> str:
    """Return a value as the text that `Finding.value` holds: the same for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
