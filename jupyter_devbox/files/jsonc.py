"""JSON with comments, edited in place: whatever is not ours keeps its every byte.

devcontainer.json is JSONC (containers.dev/implementors/spec): comments, and in the wild trailing
commas and a byte order mark. No library on the index edits such text without rewriting it, so
this is a scanner that records where each value stands, and edits are text edits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_devbox.errors import ConfigurationError

_SPACE = re.compile(r"(?:[ \t\r\n\ufeff]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_SCALAR = re.compile(r"true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_REMARKS = re.compile(r"(?:[ \t]*(?:/\*[^\r\n]*?\*/|//[^\r\n]*))*")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Node:
    """One value and where it stands: ``text[start:end]``.

    `members` are an object's, by key; `last` is the end of its last member, comma excluded (or
    the position behind the brace when there is none), where a further member goes.
    """

    start: int
    end: int
    value: Any
    members: Mapping[str, Node] = field(default_factory=dict)
    key_start: int = 0
    last: int = 0


class _Scanner:
    """Walks the text once; knows the file's name for its errors."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name

    def fail(self, position: int, expected: str) -> ConfigurationError:
        line = self.text.count("\n", 0, position) + 1
        column = position - (self.text.rfind("\n", 0, position) + 1) + 1
        message = f"{self.name} is broken at line {line}, column {column}: {expected} expected"
        return ConfigurationError(message, hint=f"mend {self.name} there, then run it again")

    def skip(self, position: int) -> int:
        return _skip(self.text, position)

    def value(self, position: int, depth: int = 0) -> Node:
        if depth > _MAX_DEPTH:
            raise self.fail(position, "less nesting")
        character = self.text[position : position + 1]
        if character == "{":
            return self.mapping(position, depth)
        if character == "[":
            return self.sequence(position, depth)
        pattern = _STRING if character == '"' else _SCALAR
        match = pattern.match(self.text, position)
        if match is None:
            raise self.fail(position, "a value")
        return Node(position, match.end(), self.decode(match.group(), position))

    def decode(self, literal: str, position: int) -> Any:  # noqa: ANN401
        try:
            return json.loads(literal)
        except ValueError as error:
            raise self.fail(position, "a well-formed value") from error

    def mapping(self, start: int, depth: int) -> Node:
        members: dict[str, Node] = {}
        last = position = start + 1
        while True:
            position = self.skip(position)
            if self.text[position : position + 1] == "}":
                values = {key: node.value for key, node in members.items()}
                return Node(start, position + 1, values, members, last=last)
            match = _STRING.match(self.text, position)
            if match is None:
                raise self.fail(position, 'a key in double quotes or "}"')
            key = str(self.decode(match.group(), position))
            if key in members:
                raise self.fail(position, f'one "{key}" only')
            colon = self.skip(match.end())
            if self.text[colon : colon + 1] != ":":
                raise self.fail(colon, '":"')
            node = self.value(self.skip(colon + 1), depth + 1)
            members[key] = Node(node.start, node.end, node.value, node.members, position, node.last)
            last = node.end
            position = self.separator(node.end, "}")

    def sequence(self, start: int, depth: int) -> Node:
        values: list[Any] = []
        position = start + 1
        while True:
            position = self.skip(position)
            if self.text[position : position + 1] == "]":
                return Node(start, position + 1, values)
            node = self.value(position, depth + 1)
            values.append(node.value)
            position = self.separator(node.end, "]")

    def separator(self, end: int, closing: str) -> int:
        position = self.skip(end)
        found = self.text[position : position + 1]
        if found == ",":
            return position + 1
        if found == closing:
            return position
        if found and (found in '"{[' or (position > end and _SCALAR.match(self.text, position))):
            # Another value follows: what is missing is missing behind this one.
            raise self.fail(end, '","')
        raise self.fail(position, f'"," or "{closing}"')


def parse(text: str, name: str = "devcontainer.json") -> Node:
    """Return the object that the text holds, with positions.

    Raises
    ------
    ConfigurationError
        It is not one JSON object; the message says line and column.
    """
    scanner = _Scanner(text, name)
    start = scanner.skip(0)
    if text[start : start + 1] != "{":
        raise scanner.fail(start, '"{"')
    node = scanner.value(start)
    end = scanner.skip(node.end)
    if end != len(text):
        raise scanner.fail(end, "the end of the file")
    return node


def find(node: Node, path: tuple[str, ...]) -> Node | None:
    """Return the value at a key path, or None."""
    for key in path:
        found = node.members.get(key)
        if found is None:
            return None
        node = found
    return node


def set_value(text: str, path: tuple[str, ...], value: Any) -> str:  # noqa: ANN401
    """Return the text with the value at a key path replaced or added; all else stays.

    Raises
    ------
    ConfigurationError
        Something on the way is no object.
    """
    node = parse(text)
    for depth, key in enumerate(path):
        child = node.members.get(key)
        if child is None:
            return _insert(text, node, key, _nest(path[depth + 1 :], value), depth + 1)
        if depth == len(path) - 1:
            indent = _indent(text, child.key_start, depth + 1)
            return text[: child.start] + dump(value, indent) + text[child.end :]
        if text[child.start] != "{":
            message = f"devcontainer.json holds no object where one is needed: `{'.'.join(path)}`"
            raise ConfigurationError(message, hint=f"remove {key} there, then run it again")
        node = child
    return text


def remove(text: str, path: tuple[str, ...]) -> str:
    """Return the text without the member at a key path, nor the comma that belonged to it.

    Every comment stays: which member it is about, nobody but its author knows.
    """
    parent = find(parse(text), path[:-1])
    if parent is None or path[-1] not in parent.members:
        return text
    node = parent.members[path[-1]]
    start, end = node.key_start, node.end
    comma = _skip(text, end)
    if text[comma] == ",":
        text = text[:start] + text[end:comma] + text[comma + 1 :]
    else:
        before = [member.end for member in parent.members.values() if member.end < start]
        text = text[:start] + text[end:]
        if before:
            comma = _skip(text, before[-1])
            text = text[:comma] + text[comma + 1 :]
            start -= 1
    line, after = text.rfind("\n", 0, start) + 1, text.find("\n", start) + 1
    return text[:line] + text[after:] if after and not text[line:after].strip() else text


def dump(value: Any, indent: str = "") -> str:  # noqa: ANN401
    """Return a value as JSON text, its further lines indented below this indentation."""
    text = _json(value, "\t" if indent.startswith("\t") else "  ")
    short = _json(value, None)
    flat = not isinstance(value, dict) and "{" not in short and len(indent) + len(short) <= 88
    return short if flat else text.replace("\n", "\n" + indent)


def _json(value: Any, indent: str | None) -> str:  # noqa: ANN401
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    # Half of a pair, as in a file name that is not UTF-8, cannot be written as UTF-8.
    return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _nest(path: tuple[str, ...], value: Any) -> Any:  # noqa: ANN401
    for key in reversed(path):
        value = {key: value}
    return value


def _insert(text: str, node: Node, key: str, value: Any, depth: int) -> str:  # noqa: ANN401
    """Add a member behind the last one, and behind the comments that follow that on its line."""
    members = list(node.members.values())
    last = members[-1] if members else None
    indent = "  " * depth if last is None else _indent(text, last.key_start, depth)
    member = f"\n{indent}{_json(key, None)}: {dump(value, indent)}"
    if last is None:
        inner = text[node.start + 1 : node.end - 1].rstrip()
        position = node.start + 1 + len(inner)
        if not inner:
            return f"{text[:position]}{member}\n{'  ' * (depth - 1)}{text[node.end - 1 :]}"
        return text[:position] + member + text[position:]
    comma = _skip(text, node.last)
    if text[comma] != ",":
        comma = node.last
        text = f"{text[:comma]},{text[comma:]}"
    match = _REMARKS.match(text, comma + 1)
    position = match.end() if match else comma + 1
    return text[:position] + member + text[position:]


def _indent(text: str, position: int, depth: int) -> str:
    """Return the indentation of the line on which a key stands first, or the usual one."""
    before = text[text.rfind("\n", 0, position) + 1 : position]
    return before if before and not before.strip(" \t") else "  " * depth


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
