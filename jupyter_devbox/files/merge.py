"""What was rendered and what is on disk → what is to be written. Pure.

A three-way merge whose common ancestor is a digest: each block and each key of ours carries, in
the file itself, the digest of what we wrote last. What differs from that digest was edited by
hand. An edit stays as long as our own text for that place does not change; when it does, the two
disagree, and that is a conflict for the user to solve.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_devbox.errors import ConfigurationError, RequirementError
from jupyter_devbox.files import jsonc
from jupyter_devbox.spec.requirements_in import HEADING, parse_line
from jupyter_devbox.spec.tree import (
    BareFile,
    BinaryFile,
    BlockFile,
    KeyFile,
    LinesFile,
    RenderedFile,
    WholeFile,
)
from jupyter_devbox.spec.written import RECORD

_HEADING = "// Written by jupyter-devbox."
_BLOCK = re.compile(
    r"^# >>> jupyter-devbox (?P<name>[a-z]+) (?P<digest>[0-9a-f]{12})\n"
    r"(?P<text>.*?)^# <<< jupyter-devbox (?P=name)(?:\n|\Z)",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A hand edit and the plan disagree.

    `place` names it for the user (``line 12``, ``key "name"``); `yours` and `plan` are the two
    texts.
    """

    path: str
    place: str
    yours: str
    plan: str

    def diff(self) -> tuple[str, ...]:
        """Return the two texts as diff lines, the user's with ``-``."""
        lines = difflib.ndiff(self.yours.splitlines(), self.plan.splitlines())
        return tuple(line for line in lines if line[:2] in {"- ", "+ "})


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The content to be written, and what stands in its way.

    With conflicts, `content` takes the plan's side in each.
    """

    content: bytes
    conflicts: tuple[Conflict, ...] = ()


def digest(text: str) -> str:
    """Return the short digest that marks what we wrote."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def without_blocks(text: str) -> str:
    """Return what a user wrote into a file of marked blocks: all but our blocks."""
    return _BLOCK.sub("", text)


def block_text(text: str, name: str) -> str | None:
    """Return what a marked block of ours holds, as it stands; None where there is none."""
    found = (match["text"] for match in _BLOCK.finditer(text) if match["name"] == name)
    return next(found, None)


def is_ours_alone(path: str, text: str) -> bool:
    """Tell whether a file holds our own words alone, as we left them, whatever its form."""
    name = path.rpartition("/")[2]
    if name == "devcontainer.json":
        return _has_our_keys_alone(path, text)
    if name.endswith(".in"):
        return not _merge_lines(LinesFile(path=path, heading=HEADING, lines=()), text)[
            len(HEADING) :
        ]
    if name.endswith((".txt", ".py")):
        head, _, body = text.partition("\n")
        return digest(body) in head
    return _has_our_blocks_alone(text)


def _has_our_blocks_alone(text: str) -> bool:
    blocks = list(_BLOCK.finditer(text))
    rest = without_blocks(text).splitlines()
    said = all(not line.strip() or line.startswith("# Written by jupyter-devbox") for line in rest)
    return bool(blocks) and said and all(digest(b["text"]) == b["digest"] for b in blocks)


def _has_our_keys_alone(path: str, text: str) -> bool:
    try:
        node = jsonc.find(jsonc.parse(text, path), RECORD)
    except ConfigurationError:
        return False
    if node is None or not isinstance(node.value, dict):
        return False
    nothing = KeyFile(path=path, values={}, record=RECORD)
    rest = _removed(_drop_keys(text, nothing, node.value), RECORD)
    said = (line for line in rest.splitlines() if not line.startswith(_HEADING))
    return "".join(said).strip("{} \t\r\n") == ""


def merge(rendered: RenderedFile, existing: bytes | None) -> Merged:
    """Return what is to be written for one file.

    Raises
    ------
    ConfigurationError
        The existing devcontainer.json cannot be read.
    """
    if isinstance(rendered, BinaryFile):
        return Merged(content=rendered.content)
    text = None if existing is None else existing.decode("utf-8", errors="surrogateescape")
    # Git and some editors turn all line ends into CR LF, which is no edit; they stay so.
    crlf = text is not None and "\r\n" in text and "\n" not in text.replace("\r\n", "")
    if text is not None and crlf:
        text = text.replace("\r\n", "\n")
    if isinstance(rendered, BlockFile):
        merged, conflicts = _merge_blocks(rendered, text)
    elif isinstance(rendered, KeyFile):
        merged, conflicts = _merge_keys(rendered, text)
    elif isinstance(rendered, WholeFile):
        merged, conflicts = _merge_whole(rendered, text)
    elif isinstance(rendered, BareFile):
        merged, conflicts = _merge_bare(rendered, text)
    else:
        merged, conflicts = _merge_lines(rendered, text), ()
    if crlf:
        merged = merged.replace("\n", "\r\n")
    content = merged.encode("utf-8", errors="surrogateescape")
    return Merged(content=content, conflicts=conflicts)


def _merge_blocks(rendered: BlockFile, text: str | None) -> tuple[str, tuple[Conflict, ...]]:
    if text is None:
        body = "\n".join(_block(block.name, block.text) for block in rendered.blocks)
        return f"{rendered.heading}\n{body}", ()
    found = {match["name"]: match for match in _BLOCK.finditer(text)}
    wanted = {block.name: block.text for block in rendered.blocks}
    if not found:
        plan = "\n".join(block.text for block in rendered.blocks)
        conflict = Conflict(path=rendered.path, place="the whole file", yours=text, plan=plan)
        body = "\n".join(_block(block.name, block.text) for block in rendered.blocks)
        return f"{rendered.heading}\n{body}", (conflict,)
    conflicts: list[Conflict] = []

    def replacement(match: re.Match[str]) -> str:
        name, mine = match["name"], match["text"]
        if name not in wanted:
            return match.group()
        edited = digest(mine) != match["digest"]
        if digest(wanted[name]) == match["digest"]:
            return match.group()
        if edited and mine != wanted[name]:
            line = text.count("\n", 0, match.start("text")) + _first_difference(mine, wanted[name])
            conflicts.append(
                Conflict(path=rendered.path, place=f"line {line}", yours=mine, plan=wanted[name])
            )
        return _block(name, wanted[name])

    merged = _BLOCK.sub(replacement, text)
    for block in rendered.blocks:
        if block.name not in found:
            plan = _block(block.name, block.text)
            conflicts.append(
                Conflict(path=rendered.path, place=f"block {block.name}", yours="", plan=plan)
            )
            merged += "\n" + plan
    return merged, tuple(conflicts)


def _block(name: str, text: str) -> str:
    return f"# >>> jupyter-devbox {name} {digest(text)}\n{text}# <<< jupyter-devbox {name}\n"


def _first_difference(mine: str, other: str) -> int:
    """Return the number of the first line that differs, 1-based within the block."""
    pairs = zip(mine.splitlines(), other.splitlines(), strict=False)
    same = next((number for number, (a, b) in enumerate(pairs) if a != b), None)
    shorter = min(len(mine.splitlines()), len(other.splitlines()))
    return (shorter if same is None else same) + 1


def _merge_keys(rendered: KeyFile, text: str | None) -> tuple[str, tuple[Conflict, ...]]:
    if text is None:
        text = f"{rendered.heading}{{}}\n"
        record: Mapping[str, Any] = {}
    else:
        node = jsonc.find(jsonc.parse(text, rendered.path), rendered.record)
        record = node.value if node and isinstance(node.value, dict) else {}
    conflicts: list[Conflict] = []
    values = {
        path: value
        for path, value in rendered.values.items()
        if path not in rendered.yielding or not _is_theirs_alone(text, path, record)
    }
    for path, value in values.items():
        text, conflict = _merge_key(rendered.path, text, path, value, record.get("/".join(path)))
        conflicts += [conflict] if conflict else []
    written = {"/".join(path): _value_digest(value) for path, value in values.items()}
    about = {*record} if rendered.only is None else {"/".join(path) for path in rendered.only}
    text = _drop_keys(text, rendered, {n: was for n, was in record.items() if n in about})
    if rendered.only is not None:
        stays = {n: written.get(n, w) for n, w in record.items() if n in written or n not in about}
        written = {**stays, **written}
    for path in rendered.rivals:
        node = jsonc.find(jsonc.parse(text), path)
        if node is not None:
            yours = _member(path, node.value)
            conflicts.append(
                Conflict(path=rendered.path, place=f'key "{path[-1]}"', yours=yours, plan="")
            )
            text = jsonc.remove(text, path)
    for path, value in rendered.edits.items():
        node = jsonc.find(jsonc.parse(text), path)
        if node is None or _value_digest(node.value) != _value_digest(value):
            text = jsonc.set_value(text, path, value)
    if record != written:
        text = jsonc.set_value(text, rendered.record, written)
    return text, tuple(conflicts)


def _is_theirs_alone(text: str, path: tuple[str, ...], record: Mapping[str, Any]) -> bool:
    """Tell whether the user has a value where we never wrote one."""
    return "/".join(path) not in record and jsonc.find(jsonc.parse(text), path) is not None


def _merge_key(
    file: str,
    text: str,
    path: tuple[str, ...],
    value: Any,  # noqa: ANN401
    recorded: str | None,
) -> tuple[str, Conflict | None]:
    """Return the text with one key as it should be, and the conflict if the user edited it.

    A key of ours that the user changed or deleted stays so while our own word is the same.
    """
    unchanged = recorded == _value_digest(value)
    node = jsonc.find(jsonc.parse(text), path)
    # Strictly: in Python 1 == true, and a client may want the one or the other.
    if node is not None and _value_digest(node.value) == _value_digest(value):
        return text, None
    deleted = node is None and recorded is not None
    edited = deleted or (node is not None and _value_digest(node.value) != recorded)
    if edited and unchanged:
        return text, None
    conflict = Conflict(
        path=file,
        place=f'key "{".".join(path)}"',
        yours="" if node is None else _member(path, node.value),
        plan=_member(path, value),
    )
    return jsonc.set_value(text, path, value), conflict if edited else None


def _member(path: tuple[str, ...], value: Any) -> str:  # noqa: ANN401
    return f"{json.dumps(path[-1])}: {jsonc.dump(value)}"


def _drop_keys(text: str, rendered: KeyFile, record: Mapping[str, Any]) -> str:
    """Remove keys that we wrote once, that nobody edited, and that the plan has no more."""
    wanted = {"/".join(path) for path in rendered.values}
    for name, old in record.items():
        if name in wanted:
            continue
        path = tuple(name.split("/"))
        node = jsonc.find(jsonc.parse(text), path)
        if node is not None and _value_digest(node.value) == old:
            text = _removed(text, path)
    return text


def _removed(text: str, path: tuple[str, ...]) -> str:
    """Return the text without a key of ours, nor the objects around it that hold nothing else."""
    text = jsonc.remove(text, path)
    around = jsonc.find(jsonc.parse(text), path[:-1])
    bare = around is not None and text[around.start : around.end].strip("{} \t\r\n") == ""
    return _removed(text, path[:-1]) if bare and len(path) > 1 else text


def _value_digest(value: Any) -> str:  # noqa: ANN401
    return digest(json.dumps(value, sort_keys=True))


def _merge_whole(rendered: WholeFile, text: str | None) -> tuple[str, tuple[Conflict, ...]]:
    head, _, body = rendered.text.partition("\n")
    new = f"{head.replace('{digest}', digest(body))}\n{body}"
    if text is None or text == new:
        return new, ()
    old_head, _, old_body = text.partition("\n")
    if digest(old_body) in old_head:
        return new, ()
    conflict = Conflict(path=rendered.path, place="the lock", yours=old_body, plan=body)
    return new, (conflict,)


def _merge_bare(rendered: BareFile, text: str | None) -> tuple[str, tuple[Conflict, ...]]:
    """Return the file as it should be; an edit of the user's stays while our text is the same."""
    if text is None or text.strip() in {rendered.text.strip(), rendered.before.strip()}:
        return (
            rendered.text if text is None or text.strip() != rendered.text.strip() else text
        ), ()
    if rendered.text == rendered.before:
        return text, ()
    conflict = Conflict(path=rendered.path, place="the file", yours=text, plan=rendered.text)
    return rendered.text, (conflict,)


def _merge_lines(rendered: LinesFile, text: str | None) -> str:
    head = rendered.heading + "".join(f"{line}\n" for line in rendered.lines)
    heading = set(rendered.heading.splitlines())
    old = (text or "").removeprefix("\ufeff").removesuffix("\n").split("\n")
    theirs = [line for line in old if _is_theirs(line, heading)]
    while theirs and not theirs[0].strip():
        theirs.pop(0)
    return head + ("\n" + "".join(f"{line}\n" for line in theirs) if theirs else "")


def _is_theirs(line: str, heading: set[str]) -> bool:
    if line in heading:
        return False
    try:
        requirement = parse_line(line)
    except RequirementError:
        return True
    return requirement is None or requirement.reason == "hand"
