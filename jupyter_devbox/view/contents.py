"""An image's size in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jupyter_devbox.spec.contents import SPARE, ImageContents, PlaceSize
from jupyter_devbox.view.units import clean, count, size
from jupyter_devbox.workflow.explaining import Explanation, LayerSize
from jupyter_devbox.workflow.images import ImageState

_SHOWN = 12
_LEAST = 1_000_000
"""What is smaller is not worth a line."""
_SPARE = {"tests": "tests and their data", "static": "static libraries", "docs": "documents"}


def image_line(image: ImageState) -> str:
    """Return one image: ``jupyter-devbox/digits-1a2b:cpu  1.08 GB, 640 MB of its own; …``."""
    own = "" if image.own is None else f", {size(image.own)} of its own"
    return f"{clean(image.name)}  {size(image.bytes)}{own}; {clean(image.used) or 'unused'}"


def explained(explanation: Explanation) -> list[str]:
    """Return what takes the room, and what could go."""
    contents = explanation.contents
    lines = ["  Layers:", *_table(map(_layer, explanation.layers))]
    lines += ["  Python packages:", *_packages(contents)]
    lines += ["  Not needed:", *_not_needed(explanation)]
    saved = contents.slim_saves
    if saved:
        lines.append(f"  --slim would save {size(saved)} ({saved} bytes).")
        lines.append("  Next: jupyter devbox containerize --slim")
    else:
        lines.append("  --slim would save nothing.")
    return lines


def _layer(layer: LayerSize) -> tuple[str, int]:
    text = clean(layer.what or layer.instruction)
    return (text if len(text) <= 60 else f"{text[:59]}…"), layer.bytes


def _packages(contents: ImageContents) -> Iterator[str]:
    shown = contents.packages[:_SHOWN]
    rows = [(f"{package.name} {package.version}", package.bytes) for package in shown]
    others = contents.packages[_SHOWN:]
    if others:
        rows.append((f"{count(len(others), 'more package')}", sum(p.bytes for p in others)))
    unowned = sum(place.bytes for place in contents.unowned)
    if unowned:
        rows.append(("of no package", unowned))
    yield from _table(rows)


def _not_needed(explanation: Explanation) -> Iterator[str]:
    contents = explanation.contents
    rows = [(_SPARE[kind], contents.spare.get(kind, 0)) for kind in SPARE]
    rows += [(f"cache {clean(place.name)}", place.bytes) for place in _large(contents.caches)]
    rows += [
        (f"{each.name}, which no notebook uses any more", each.bytes) for each in explanation.unused
    ]
    doubled = contents.doubled_cuda
    majors = " and ".join(doubled)
    rows += [(f"CUDA {major}: there is CUDA {majors}", amount) for major, amount in doubled.items()]
    found = [row for row in rows if row[1]]
    yield from _table(found) if found else ["    nothing"]


def _large(places: Sequence[PlaceSize]) -> Iterator[PlaceSize]:
    return (place for place in places if place.bytes >= _LEAST)


def _table(rows: Iterator[tuple[str, int]] | Sequence[tuple[str, int]]) -> Iterator[str]:
    for text, amount in rows:
        yield f"    {size(amount):>9}  {text}"
