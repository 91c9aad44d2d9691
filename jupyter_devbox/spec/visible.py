"""Untrusted text as a person may read it: what would steer a terminal is spelled out."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST_LINE = 200


def visible(text: str, longest: int = LONGEST_LINE) -> str:
    r"""Return one line of text with every character shown, cut at a length.

    Control characters, invisible ones and those that turn the direction of reading are escaped
    as Python writes them (``\x1b``, ``\u202e``), so that nothing can hide in a line.
    """
    shown = "".join(c if c.isprintable() else _escaped(c) for c in text.expandtabs(4))
    rest = len(shown) - longest
    return shown if rest <= 0 else f"{shown[:longest]}… ({rest} characters more)"


def bounded(lines: Iterable[str], most: int) -> tuple[str, ...]:
    """Return the first lines, and a last one that counts those which are not shown."""
    every = tuple(lines)
    if len(every) <= most:
        return every
    return (*every[:most], f"… {len(every) - most} lines more")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
