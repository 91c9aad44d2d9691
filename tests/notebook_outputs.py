"""What a notebook's cells gave, in a form in which two runs are equal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def outputs(document: Any, *, without: Sequence[str] = ("%containerize",)) -> list[Any]:
    """Return what each code cell gave, pictures and tables by their kinds and text.

    Cells that hold one of the words `without` may say something else in the box.
    """
    return [
        [_output(output) for output in _joined(cell.outputs)]
        for cell in document.cells
        if cell.cell_type == "code" and not any(word in cell.source for word in without)
    ]


def _joined(found: Iterable[Any]) -> list[Any]:
    """Join neighbours of one stream: how a text is cut into messages is chance."""
    joined: list[Any] = []
    for output in found:
        last = joined[-1] if joined else None
        if output.output_type == "stream" and last and last.get("name") == output.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def _output(output: Any) -> Any:
    if output.output_type == "stream":
        return [output.name, output.text]
    if output.output_type == "error":
        return [output.ename, output.evalue]
    data = output.data
    return [sorted(data), data.get("text/plain", "")]
