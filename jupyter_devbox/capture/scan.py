"""One cell, or one file of the user's own, as facts."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from jupyter_devbox.capture.cells import CellCode, parse_python, read_cell, shell_calls
from jupyter_devbox.capture.engine_calls import Use, find_uses
from jupyter_devbox.capture.imports import Import, find_imports

_HINTS = ("import", "get_ipython", ".system", "subprocess", "sys.path")
_MAGIC_MARK = re.compile(r"\n[ \t]*[%!]|=[ \t]*[%!]")
_AUTOMAGIC = re.compile(
    r"^[ \t]*(?:pip3?|conda|mamba|uv|apt|apt-get|sudo|cd|load_ext|matplotlib)[ \t]", re.MULTILINE
)
_AUTOMAGIC_HINTS = ("install", "cd ", "load_ext", "uv add", "matplotlib ")
_WORD_BREAKS = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) == "_")}
_SHELL_CALLS = frozenset(
    [
        "system",
        "getoutput",
        "getstatusoutput",
        "run",
        "call",
        "check_call",
        "check_output",
        "Popen",
        "popen",
        "main",
        "_main",
        "run_line_magic",
    ]
)


@dataclass(slots=True)
class CellFacts:
    """What one cell says, before anything is resolved."""

    imports: list[Import] = field(default_factory=list)
    shell: list[str] = field(default_factory=list)
    extensions: list[str] = field(default_factory=list)
    magics: list[tuple[str, str]] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)
    run: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    broken: bool = False


def scan_cell(source: str, wanted: frozenset[str]) -> CellFacts:
    """Return what a cell's text says; `wanted` are the words that engine rules look for."""
    words = wanted.intersection(source.translate(_WORD_BREAKS).split())
    if not words and not _may_matter(source):
        return CellFacts()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = read_cell(source)
    facts = CellFacts(broken=code.broken)
    _read_code(code, source, words, facts)
    return facts


def _read_code(code: CellCode, source: str, words: frozenset[str], facts: CellFacts) -> None:
    facts.shell.extend(code.shell)
    for tree in code.trees:
        _read_tree(tree, source, words, facts)
    _read_magics(code, facts)


def _may_matter(source: str) -> bool:
    """Tell, quickly, whether a cell may import, install or start something."""
    if any(hint in source for hint in _HINTS) or source.lstrip()[:1] in {"%", "!"}:
        return True
    if ("%" in source or "!" in source) and _MAGIC_MARK.search(source):
        return True
    return any(hint in source for hint in _AUTOMAGIC_HINTS) and bool(_AUTOMAGIC.search(source))


def scan_file(source: str, wanted: frozenset[str]) -> CellFacts | None:
    """Return what a Python file's text says, None where it is no Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = parse_python(source)
    if tree is None:
        return None
    facts = CellFacts()
    words = wanted.intersection(source.translate(_WORD_BREAKS).split())
    facts.imports.extend(find_imports(tree, source, main=False))
    facts.uses.extend(find_uses(tree, words))
    return facts


def _read_tree(tree: ast.Module, source: str, words: frozenset[str], facts: CellFacts) -> None:
    facts.imports.extend(find_imports(tree, source))
    if words:
        facts.uses.extend(find_uses(tree, words))
    if "sys.path" in source:
        facts.folders.extend(_path_additions(tree))
    if "get_ipython" in source:
        for name, arguments in shell_calls(tree):
            if name in {"system", "getoutput"}:
                facts.shell.append(arguments[0])
            elif name == "run_line_magic":
                _magic(arguments[0], " ".join(arguments[1:]), facts)
            elif name == "run_cell_magic" and len(arguments) == 3:
                _read_code(read_cell("%%{} {}\n{}".format(*arguments)), source, words, facts)
    if any(name in source for name in ("system(", "subprocess", "pip", "popen(")):
        facts.shell.extend(_literal_commands(tree))


def _read_magics(code: CellCode, facts: CellFacts) -> None:
    for magic in code.magics:
        if magic.name in {"writefile", "file"} and magic.body is not None:
            path = magic.line.split()[-1] if magic.line.split() else ""
            if path.endswith(".py"):
                facts.written[path] = magic.body
        else:
            _magic(magic.name, magic.line, facts)


def _magic(name: str, line: str, facts: CellFacts) -> None:
    line = line.strip()
    first = line.split()[0] if line else ""
    if name in {"pip", "conda", "mamba", "micromamba", "uv", "sudo", "apt", "apt-get", "pip3"}:
        facts.shell.append(f"{name} {line}")
    elif name in {"load_ext", "reload_ext"}:
        facts.extensions.extend(word for word in line.split() if word)
    elif name == "cd" and first and not first.startswith("-"):
        facts.folders.append(line.strip("'\""))
    elif name == "run":
        facts.run.extend(_run_target(line))
    facts.magics.append((name, line))


def _run_target(line: str) -> Iterator[str]:
    for word in line.split():
        if not word.startswith("-"):
            yield word.strip("'\"")
            return


def _path_additions(tree: ast.Module) -> Iterator[str]:
    """Yield the literal folders that the code adds to ``sys.path``."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"append", "insert", "extend"}
            and isinstance(node.func.value, ast.Attribute)
            and node.func.value.attr == "path"
        ):
            for argument in node.args:
                yield from _literal_paths(argument)


def _literal_paths(node: ast.expr) -> Iterator[str]:
    """Yield the string literals of a path expression, joined where it joins them."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.List | ast.Tuple):
        for item in node.elts:
            yield from _literal_paths(item)
    elif isinstance(node, ast.Call):
        inner = [text for argument in node.args for text in _literal_paths(argument)]
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in {"join", "Path"} and inner:
            yield "/".join(inner)
        else:
            yield from inner
    elif isinstance(node, ast.BinOp):
        yield from _literal_paths(node.right)


def _literal_commands(tree: ast.Module) -> Iterator[str]:
    """Yield the shell text of ``os.system``, ``subprocess`` and ``pip.main`` calls."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name not in _SHELL_CALLS or _is_get_ipython(node.func):
            continue
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value
        elif isinstance(first, ast.List | ast.Tuple):
            prefix = "pip " if name in {"main", "_main"} else ""
            yield prefix + " ".join(_argument_words(first.elts))


def _is_get_ipython(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Call)
        and getattr(node.value.func, "id", "") == "get_ipython"
    )


def _argument_words(items: Iterable[ast.expr]) -> Iterator[str]:
    for item in items:
        if isinstance(item, ast.Constant) and isinstance(item.value, str):
            yield "'" + item.value.replace("'", "'\\''") + "'"
        elif isinstance(item, ast.Attribute) and item.attr == "executable":
            yield "{sys.executable}"
        else:
            yield "$unknown"
