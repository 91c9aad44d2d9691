"""Files as text, before they meet what is on disk: render's output, files' input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A marked block of a file that the user may edit around.

    `text` ends with a newline and holds no marker lines; `name` is one lower-case word.
    """

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockFile:
    """A file in which we own the marked blocks alone (the Dockerfile)."""

    path: str
    blocks: tuple[Block, ...]
    heading: str = ""
    kind: Literal["blocks"] = "blocks"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """A JSON-with-comments file in which we own some keys alone (devcontainer.json).

    `values` maps key paths, such as ``("customizations", "vscode", "settings")``, to plain JSON
    values. The path of the record of what we wrote is `record`. `rivals` are keys that cannot
    stand beside ours, such as ``image`` beside ``build``. `edits` are set because this very
    command of the user's says so; then they are the user's own, and no ancestor is kept.
    `yielding` are paths of `values` that give way to a value of the user's. `only` are the paths of
    ours that this rendering is about: other keys of ours stay as they are; None for all.
    """

    path: str
    values: Mapping[tuple[str, ...], Any]
    record: tuple[str, ...]
    rivals: tuple[tuple[str, ...], ...] = ()
    edits: Mapping[tuple[str, ...], Any] = field(default_factory=dict)
    yielding: frozenset[tuple[str, ...]] = frozenset()
    only: frozenset[tuple[str, ...]] | None = None
    heading: str = ""
    kind: Literal["keys"] = "keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeFile:
    """A file that is ours from first to last byte (the lock): an edit in it is a conflict.

    `text` begins with a first line in which ``{digest}`` stands for the digest of all that
    follows that line.
    """

    path: str
    text: str
    kind: Literal["whole"] = "whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class BareFile:
    """A file whose format has no room for a mark (Binder's runtime.txt): all of it is ours.

    `before` is what we wrote last, as another file of ours tells; "" if nothing does. Anything
    else on disk is the user's.
    """

    path: str
    text: str
    before: str = ""
    kind: Literal["bare"] = "bare"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesFile:
    """requirements.in: our lines are known by their comment, the user's other lines are kept.

    `lines` are without line ends; the user's own lines follow them, as they stand on disk.
    """

    path: str
    heading: str
    lines: tuple[str, ...]
    kind: Literal["lines"] = "lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryFile:
    """A file that is replaced as a whole and named after its content (a wheel)."""

    path: str
    content: bytes
    kind: Literal["binary"] = "binary"


RenderedFile = BlockFile | KeyFile | WholeFile | BareFile | LinesFile | BinaryFile


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedTree:
    """All files of one environment, paths relative to the project, sorted by path.

    `absent` are files of marked blocks that the environment does without: one that holds nothing
    but our own words is removed.
    """

    files: tuple[RenderedFile, ...]
    absent: tuple[str, ...] = ()
