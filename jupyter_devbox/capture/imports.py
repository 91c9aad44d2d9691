"""The imports of a syntax tree, with their dotted names kept."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_IMPORTERS = frozenset({"import_module", "__import__", "import_optional_dependency", "find_spec"})


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name.

    Parameters
    ----------
    module
        Dotted module name, as it stands after ``import`` or ``from``.
    member
        Name after ``from … import``: a submodule or an attribute; "" for a plain import.
    alias
        Name that the importing code uses for it ("" for ``*``).
    optional
        Whether the code goes on when the import fails.
    level
        Number of leading dots of a relative import.
    """

    module: str
    member: str = ""
    alias: str = ""
    optional: bool = False
    level: int = 0

    @property
    def dotted(self) -> str:
        """Return the longest dotted name that may be a module."""
        return f"{self.module}.{self.member}" if self.member not in {"", "*"} else self.module


def find_imports(tree: ast.Module, source: str = "", *, main: bool = True) -> list[Import]:
    """Return the imports of a tree in order, those in functions and ``try`` included.

    Left out is what does not run: ``if TYPE_CHECKING`` blocks, and ``if __name__ == "__main__"``
    of a module that is imported (`main` False). `source` spares a search for
    ``importlib.import_module("…")`` where its text is not there.
    """
    found = list(_statements(tree.body, optional=False, main=main))
    if any(name in source for name in _IMPORTERS):
        found.extend(_calls(tree))
    return [item for item in found if _well_formed(item)]


def _well_formed(item: Import) -> bool:
    return bool(item.module or item.level) and all(
        part.isidentifier() for part in item.module.split(".") if item.module
    )


def _statements(body: Sequence[ast.stmt], *, optional: bool, main: bool) -> Iterator[Import]:
    for node in body:
        if isinstance(node, ast.Import):
            for name in node.names:
                alias = name.asname or name.name.split(".")[0]
                yield Import(name.name, alias=alias, optional=optional)
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                yield Import(
                    node.module or "",
                    member=name.name,
                    alias=name.asname or name.name.replace("*", ""),
                    optional=optional,
                    level=node.level,
                )
        elif not isinstance(node, ast.Expr | ast.Assign):
            yield from _blocks(node, optional=optional, main=main)


def _blocks(node: ast.stmt, *, optional: bool, main: bool) -> Iterator[Import]:
    if isinstance(node, ast.If):
        if not _never_runs(node.test, main=main):
            yield from _statements(node.body, optional=optional, main=main)
        yield from _statements(node.orelse, optional=optional, main=main)
        return
    guarded = optional or _guards_imports(node)
    yield from _statements(getattr(node, "body", ()), optional=guarded, main=main)
    for handler in getattr(node, "handlers", ()):
        yield from _statements(handler.body, optional=guarded, main=main)
    for case in getattr(node, "cases", ()):
        yield from _statements(case.body, optional=optional, main=main)
    for part in ("orelse", "finalbody"):
        yield from _statements(getattr(node, part, ()), optional=optional, main=main)


def _never_runs(test: ast.expr, *, main: bool) -> bool:
    if isinstance(test, ast.Name | ast.Attribute):
        return (test.id if isinstance(test, ast.Name) else test.attr) == "TYPE_CHECKING"
    return (
        not main
        and isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
    )


def _guards_imports(node: ast.stmt) -> bool:
    if isinstance(node, ast.Try):
        return any(handler.type is None or _names_error(handler.type) for handler in node.handlers)
    if isinstance(node, ast.With):
        return any(
            isinstance(item.context_expr, ast.Call)
            and any(_names_error(argument) for argument in item.context_expr.args)
            for item in node.items
        )
    return False


def _names_error(node: ast.expr) -> bool:
    names = node.elts if isinstance(node, ast.Tuple) else [node]
    return any(isinstance(name, ast.Name) and name.id in _IMPORT_ERRORS for name in names)


def _calls(tree: ast.Module) -> Iterator[Import]:
    """Yield what ``import_module`` and ``__import__`` import by a literal name."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = node.func
        name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
        first = node.args[0]
        if name in _IMPORTERS - {"find_spec"} and isinstance(first, ast.Constant):
            value = first.value
            if isinstance(value, str) and not value.startswith("."):
                yield Import(value)
