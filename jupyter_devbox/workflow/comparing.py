"""Are the outputs of two runs the same? Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
_IDENTIFIER = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b")
_TIME = re.compile(r"\b\d+(?:\.\d+)?\s?(?:ns|µs|us|ms|s|min)\b(?:\s±\s\d+(?:\.\d+)?\s?\w+)?")
_PROGRESS = re.compile(r"^.*\r(?!\n)", re.MULTILINE)
_OURS = re.compile(r"%(?:containerize|devbox|load_ext\s+jupyter_devbox)\b")
_NUMBER = re.compile(
    r"(?<![\w.])[-+]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][-+]?\d{1,4})?"
)
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputChange:
    """One output that is not as it was saved.

    Parameters
    ----------
    cell, output
        Counted from one; outputs as they are compared, in which a cell's prints are the first one.
    kind
        ``stdout``, ``result``, ``picture`` or ``error``; what it was before, if that differs.
    saved, now
        The first line that differs; None where there is no such output.
    """

    cell: int
    output: int
    kind: str
    saved: str | None
    now: str | None

    @property
    def text(self) -> str:
        """The change in one line."""
        where = f"cell {self.cell}: " + (f"output {self.output}, " if self.output > 1 else "")
        if self.saved is None:
            return f"{where}{self.kind} is new: {_short(self.now)}"
        if self.now is None:
            return f"{where}{self.kind} is missing: {_short(self.saved)}"
        return f"{where}{_short(self.saved)} became {_short(self.now)}"

    def to_json(self) -> dict[str, Any]:
        """Return one of ``changes`` of `verify --json`."""
        return {
            "cell": self.cell,
            "output": self.output,
            "kind": self.kind,
            "saved": self.saved,
            "now": self.now,
        }


@dataclass(frozen=True, slots=True)
class _Part:
    """What is compared of one output."""

    kind: str
    text: str


def compare_outputs(
    saved: Any,  # noqa: ANN401  # nbformat has no types
    new: Any,  # noqa: ANN401
    tolerance: float = 0.0,
) -> tuple[int, tuple[OutputChange, ...]]:
    """Return how many cells were compared, and the outputs that differ.

    Memory addresses, times, identifiers and progress bars do not count; nor do pictures' bytes,
    only that there is one. A cell without saved outputs is not compared, nor are our own magics:
    they say something else in a box.

    Parameters
    ----------
    tolerance
        By how much numbers may differ, relative to the larger one, and near zero by itself.
    """
    changes: list[OutputChange] = []
    compared = 0
    for number, (before, after) in enumerate(zip(saved.cells, new.cells, strict=True), start=1):
        if before.cell_type != "code" or not before.outputs or _OURS.search(before.source):
            continue
        compared += 1
        changes += _changes(number, _parts(before.outputs), _parts(after.outputs), tolerance)
    return compared, tuple(changes)


def _changes(
    cell: int, saved: list[_Part], new: list[_Part], tolerance: float
) -> Iterator[OutputChange]:
    for number, (old, now) in enumerate(zip_longest(saved, new), start=1):
        if old is not None and now is not None and _same(old, now, tolerance):
            continue
        before, after = _first_difference(old, now, tolerance)
        kind = old.kind if old is not None else now.kind if now is not None else ""
        yield OutputChange(cell=cell, output=number, kind=kind, saved=before, now=after)


def _same(old: _Part, now: _Part, tolerance: float) -> bool:
    return old.kind == now.kind and _alike(old.text, now.text, tolerance)


def _alike(old: str, now: str, tolerance: float) -> bool:
    """Tell whether two texts are the same but for numbers that are close enough."""
    if old == now:
        return True
    # Numbers of other lengths move what is printed in columns.
    words = [_NUMBER.sub(" 0 ", text).split() for text in (old, now)]
    if not tolerance or words[0] != words[1]:
        return False
    numbers = (map(float, _NUMBER.findall(text)) for text in (old, now))
    return all(
        math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)
        for a, b in zip(*numbers, strict=True)
    )


def _first_difference(
    old: _Part | None, now: _Part | None, tolerance: float
) -> tuple[str | None, str | None]:
    """Return the first lines that differ, or of an output that has no other one its first."""
    if old is None or now is None:
        return _cut(old.text) if old else None, _cut(now.text) if now else None
    pairs = zip_longest(old.text.splitlines(), now.text.splitlines(), fillvalue="")
    lines = next((p for p in pairs if not _alike(*p, tolerance)), (old.text, now.text))
    return _cut(lines[0]), _cut(lines[1])


def _cut(text: str) -> str:
    return text[:_LONGEST]


def _short(text: str | None) -> str:
    return repr((text or "").split("\n")[0][:80])


def _parts(outputs: Any) -> list[_Part]:  # noqa: ANN401
    """Return what is compared of a cell's outputs; streams are joined, for they come in pieces."""
    streams: dict[str, str] = {}
    rest: list[_Part] = []
    for output in outputs:
        if output.output_type == "stream":
            streams[output.name] = streams.get(output.name, "") + _text(output.text)
        elif output.output_type == "error":
            rest.append(_Part("error", f"{output.ename}: {output.evalue}"))
        else:
            data = output.get("data", {})
            pictures = sorted(kind for kind in data if kind.startswith("image/"))
            if pictures:
                rest.append(_Part("picture", ", ".join(pictures)))
            else:
                rest.append(_Part("result", _normal(_text(data.get("text/plain", "")))))
    # Warnings on standard error come and go with caches and versions of the system.
    printed = [_Part("stdout", _normal(streams["stdout"]))] if "stdout" in streams else []
    return printed + rest


def _text(value: Any) -> str:  # noqa: ANN401
    return "".join(value) if isinstance(value, list) else str(value)


def _normal(text: str) -> str:
    text = _PROGRESS.sub("", text)
    for pattern in (_ADDRESS, _IDENTIFIER, _TIME):
        text = pattern.sub("…", text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
