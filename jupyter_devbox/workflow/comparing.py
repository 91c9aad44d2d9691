"""Are the outputs of two runs the same? Pure."""

from __future__ import annotations

import re
from typing import Any

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
_IDENTIFIER = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b")
_TIME = re.compile(r"\b\d+(?:\.\d+)?\s?(?:ns|µs|us|ms|s|min)\b(?:\s±\s\d+(?:\.\d+)?\s?\w+)?")
_PROGRESS = re.compile(r"^.*\r(?!\n)", re.MULTILINE)
_OURS = re.compile(r"%(?:containerize|devbox|load_ext\s+jupyter_devbox)\b")


def compare_outputs(saved: Any, new: Any) -> tuple[int, tuple[str, ...]]:  # noqa: ANN401  (untyped)
    """Return how many cells were compared, and one line for each whose outputs differ.

    Memory addresses, times, identifiers and progress bars do not count; nor do pictures' bytes,
    only that there is one. A cell without saved outputs is not compared, nor are our own magics:
    they say something else in a box.
    """
    differences: list[str] = []
    compared = 0
    for number, (before, after) in enumerate(zip(saved.cells, new.cells, strict=True), start=1):
        if before.cell_type != "code" or not before.outputs or _OURS.search(before.source):
            continue
        compared += 1
        old, now = _essence(before.outputs), _essence(after.outputs)
        if old != now:
            pair = next(
                (f"{a!r} became {b!r}" for a, b in zip(old, now, strict=False) if a != b),
                f"{len(old)} outputs became {len(now)}",
            )
            differences.append(f"cell {number}: {pair[:200]}")
    return compared, tuple(differences)


def _essence(outputs: Any) -> list[str]:  # noqa: ANN401
    """Return what is compared of a cell's outputs; streams are joined, for they come in pieces."""
    streams: dict[str, str] = {}
    rest: list[str] = []
    for output in outputs:
        if output.output_type == "stream":
            streams[output.name] = streams.get(output.name, "") + _text(output.text)
        elif output.output_type == "error":
            rest.append(f"{output.ename}: {output.evalue}")
        else:
            data = output.get("data", {})
            pictures = sorted(kind for kind in data if kind.startswith("image/"))
            rest.append(", ".join(pictures) or _normal(_text(data.get("text/plain", ""))))
    # Warnings on standard error come and go with caches and versions of the system.
    return [_normal(text) for name, text in streams.items() if name == "stdout"] + rest


def _text(value: Any) -> str:  # noqa: ANN401
    return "".join(value) if isinstance(value, list) else str(value)


def _normal(text: str) -> str:
    text = _PROGRESS.sub("", text)
    for pattern in (_ADDRESS, _IDENTIFIER, _TIME):
        text = pattern.sub("…", text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
