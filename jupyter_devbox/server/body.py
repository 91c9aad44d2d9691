"""The bodies of requests: read with their types and sizes checked, nothing repaired."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_devbox.errors import BadRequestError, ConfigurationError
from jupyter_devbox.spec.environment import Target
from jupyter_devbox.spec.gpu_words import parse_gpus
from jupyter_devbox.spec.groups import SplitWish
from jupyter_devbox.spec.limit_words import LIMIT_NAMES, check_limits
from jupyter_devbox.spec.project import ProjectOptions

LONGEST = 256 * 1024
"""Bytes of a body."""

_MOST_ITEMS = 500
_LONGEST_TEXT = 4096
_TARGETS: dict[str, Target] = {"cpu": "cpu", "cuda": "cuda", "venv": "venv"}
_EDITS = frozenset(
    {"targets", "include", "exclude", "provides", "apt", "exclude_apt", "pack", "memory", "cpus",
     "shm_size", "pids", "gpus", "python", "base", "keep_mine", "split"}
)  # fmt: skip


class Body:
    """A JSON object whose values are asked for by name and type.

    Raises
    ------
    BadRequestError
        It is no object, or too long; likewise of a value that is of another type.
    """

    def __init__(self, content: bytes) -> None:
        if len(content) > LONGEST:
            message = f"The request is longer than {LONGEST} bytes"
            raise bad_request(message)
        try:
            value = json.loads(content or b"{}")
        except (ValueError, RecursionError) as error:
            message = "The request is no JSON"
            raise bad_request(message) from error
        if not isinstance(value, dict):
            message = "The request is no JSON object"
            raise bad_request(message)
        self._values: Mapping[str, Any] = value

    def text(self, name: str, *, needed: bool = False) -> str:
        """Return a text; "" where it is absent or null, unless it is needed."""
        value = self._values.get(name)
        if value is None and not needed:
            return ""
        return _text(name, value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a truth value."""
        value = self._values.get(name, default)
        if not isinstance(value, bool):
            message = f"This is not true or false: `{name}`"
            raise bad_request(message)
        return value

    def needed_flag(self, name: str) -> bool:
        """Return a truth value that must be there."""
        if name not in self._values:
            message = f"This is missing: `{name}`"
            raise bad_request(message)
        return self.flag(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts; () where it is absent."""
        value = self._values.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > _MOST_ITEMS:
            message = f"This is no list of at most {_MOST_ITEMS} texts: `{name}`"
            raise bad_request(message)
        return tuple(_text(name, item) for item in value)

    def limits(self) -> dict[str, str]:
        """Return limits and ``gpus`` as they were written; what is absent or "" is left out."""
        gpus = self.text("gpus").strip()
        try:
            limits = check_limits({name: self.text(name) for name in LIMIT_NAMES})
            if gpus:
                parse_gpus(gpus)
        except ConfigurationError as error:
            raise BadRequestError(error.message, hint=error.hint) from error
        return {**limits, "gpus": gpus} if gpus else limits

    def edits(self) -> Edits:
        """Return what the user changed in the plan; without any, the plan as it is."""
        value = self._values.get("edits")
        return read_edits({} if value is None else value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What the user changed in a plan.

    Parameters
    ----------
    split
        What the user says of environments of their own; None for nothing.
    told
        As it came, for a build's record.
    """

    targets: tuple[Target, ...] = ("cpu",)
    wishes: ProjectOptions = field(default_factory=ProjectOptions)
    keep_mine: bool = False
    split: SplitWish | None = None
    told: Mapping[str, Any] = field(default_factory=dict)


def read_edits(value: object) -> Edits:
    """Return the edits of a request, checked.

    Raises
    ------
    BadRequestError
        A value is of another type, or a key or target is not known.
    """
    if not isinstance(value, dict):
        message = "These are no edits"
        raise bad_request(message)
    unknown = sorted(set(value) - _EDITS)
    if unknown:
        message = f"This edit is not known: `{unknown[0][:80]}`"
        raise bad_request(message)
    body = Body(json.dumps(value).encode())
    limits = body.limits()
    targets = [_target(name) for name in body.texts("targets")] or ["cpu"]
    return Edits(
        targets=tuple(dict.fromkeys(targets)),
        wishes=ProjectOptions(
            include=body.texts("include"),
            exclude=body.texts("exclude"),
            apt=body.texts("apt"),
            exclude_apt=body.texts("exclude_apt"),
            pack=body.texts("pack"),
            python=body.text("python"),
            base=body.text("base"),
            provides=_provides(value.get("provides")),
            gpus=limits.pop("gpus", ""),
        ).limited(limits),
        keep_mine=body.flag("keep_mine"),
        split=_split(body.text("split")),
        told={name: found for name, found in value.items() if found not in (None, [], {}, False)},
    )


def _target(name: str) -> Target:
    if name not in _TARGETS:
        message = f"This target is not there yet: `{name[:80]}`"
        raise bad_request(message)
    return _TARGETS[name]


def _split(word: str) -> SplitWish | None:
    if word not in {"", "each", "off"}:
        message = f"This is no way to split: `{word[:80]}`"
        raise bad_request(message)
    return SplitWish(off=word == "off") if word else None


def _provides(value: object) -> tuple[str, ...]:
    """Return answers as ``import=package``; an empty package is none."""
    if value is None:
        return ()
    if not isinstance(value, dict) or len(value) > _MOST_ITEMS:
        message = "This is no object of import and package: `provides`"
        raise bad_request(message)
    pairs = [(_text("provides", name), _text("provides", text)) for name, text in value.items()]
    return tuple(f"{name}={text.strip()}" for name, text in pairs if text.strip())


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        message = f"This is no text of at most {_LONGEST_TEXT} characters: `{name}`"
        raise bad_request(message)
    if any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in value):
        message = f"This holds a character that no name has: `{name}`"
        raise bad_request(message)
    return value


def bad_request(message: str) -> BadRequestError:
    """Return the error for a request of another form: the page's fault, and an old one's mostly."""
    return BadRequestError(message, hint="reload the page")
