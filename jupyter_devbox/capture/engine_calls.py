"""Places in the code where a library may load an optional engine."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a name that an engine rule looks for.

    Parameters
    ----------
    attribute
        The name itself: ``read_excel`` of ``pd.read_excel``; "" for a lone string.
    root
        First name of the expression (``pd``), "" where it is no plain name.
    chain
        Names between root and attribute: ``plot`` of ``df.plot.bar``.
    called
        Whether it is called.
    strings
        String literals among the positional arguments; the literal itself for a lone string.
    keywords
        Keyword arguments with a literal value as text; other values give "…".
    """

    attribute: str
    root: str = ""
    chain: tuple[str, ...] = ()
    called: bool = False
    strings: tuple[str, ...] = ()
    keywords: dict[str, str] = field(default_factory=dict, hash=False)


def find_uses(tree: ast.Module, words: frozenset[str]) -> list[Use]:
    """Return the uses of `words`: attributes, calls, keywords of calls, and URL-like strings."""
    found: list[Use] = []
    called: set[ast.expr] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = _name(node.func)
            keywords = {k.arg: _text(k.value) for k in node.keywords if k.arg}
            if name in words or not words.isdisjoint(keywords):
                called.add(node.func)
                found.append(_use(node.func, name, node, keywords))
        elif isinstance(node, ast.Attribute | ast.Name) and node not in called:
            if (name := _name(node)) in words:
                found.append(_use(node, name, None, {}))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if "://" in node.value[:40]:
                found.append(Use("", strings=(node.value[:200],)))
        elif isinstance(node, ast.Assign):
            found.extend(_environment(node))
    return found


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _use(node: ast.expr, name: str, call: ast.Call | None, keywords: dict[str, str]) -> Use:
    chain: list[str] = []
    inner = node.value if isinstance(node, ast.Attribute) else node
    while isinstance(inner, ast.Attribute | ast.Call | ast.Subscript):
        if isinstance(inner, ast.Attribute):
            chain.append(inner.attr)
            inner = inner.value
        else:
            inner = inner.func if isinstance(inner, ast.Call) else inner.value
    strings = tuple(_text(a) for a in call.args) if call is not None else ()
    return Use(
        attribute=name,
        root=inner.id if isinstance(inner, ast.Name) and inner is not node else "",
        chain=tuple(reversed(chain)),
        called=call is not None,
        strings=tuple(s for s in strings if s != "…"),
        keywords=keywords,
    )


def _text(node: ast.expr) -> str:
    """Return a literal's text, the end of a joined path, "…" for what is not known."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr) and node.values:
        first, last = node.values[0], node.values[-1]
        parts = [first, last] if len(node.values) > 1 else [last]
        return "…".join(_text(part) for part in parts)
    if isinstance(node, ast.BinOp):
        return f"{_text(node.left)}…{_text(node.right)}"
    return "…"


def _environment(node: ast.Assign) -> list[Use]:
    """Return ``os.environ["NAME"] = "value"`` as a use of NAME."""
    target = node.targets[0]
    if (
        isinstance(target, ast.Subscript)
        and _name(target.value) == "environ"
        and isinstance(target.slice, ast.Constant)
    ):
        return [Use(str(target.slice.value), root="environ", strings=(_text(node.value),))]
    return []
