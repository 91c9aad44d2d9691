"""A cell's text as Python syntax trees, shell text and magics.

Plain Python is parsed as it is. A cell with magics on lines of their own is parsed with those
lines taken out; only what is left over goes through IPython's own transformation, which is slow to
import and to run. A cell that is no Python at all costs that cell only: its import lines are read
one by one.
"""

from __future__ import annotations

import ast
import re
import tokenize
from dataclasses import dataclass, field

CANNOT_PARSE = (SyntaxError, ValueError, RecursionError, MemoryError)
_CANNOT_TRANSFORM = (*CANNOT_PARSE, tokenize.TokenError, IndexError, TypeError, AttributeError)

_CELL_MAGIC = re.compile(r"\A(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*%%([\w.!-]+)([^\n]*)(?:\n|\Z)")
_MAGIC_LINE = re.compile(r"([ \t]*)(%|!!?)(?!%)(.*)")
_ASSIGNED = re.compile(r"([ \t]*)([A-Za-z_][\w.,\[\] \t'\"]*=[ \t]*)(%|!!?)(?!=)(.*)")
_HELP_LINE = re.compile(r"([ \t]*)(?:\?{1,2}%{0,2}[\w.*]+|%{0,2}[\w.*\[\]()'\"]+\?{1,2})[ \t;]*")
_AUTOMAGIC = re.compile(
    r"([ \t]*)((?:pip3?|conda|mamba|uv|sudo|apt|apt-get)[ \t]+[a-z]|cd[ \t]+[^=\s(]"
    r"|load_ext[ \t]+\w|matplotlib[ \t]+\w+\s*$)(.*)"
)
_TRIPLE = re.compile(r"(\"\"\"|''')(?:.*?)(?:\1|\Z)", re.DOTALL)
_IMPORT_LINE = re.compile(
    r"^[ \t>.]*(import[ \t]+[\w., \t]+|from[ \t]+[\w.]+[ \t]+import[ \t]+(?:\([^)]*\)|[^\n]*))",
    re.MULTILINE,
)
_PYTHON_BODY = frozenset(
    [
        "time",
        "timeit",
        "capture",
        "prun",
        "memit",
        "mprun",
        "lprun",
        "heat",
        "snakeviz",
        "python",
        "python3",
        "python2",
        "pypy",
        "debug",
        "pyinstrument",
        "scalene",
        "memray_flamegraph",
        "with_capture",
    ]
)
_PYTHON_LINE = frozenset(["time", "timeit", "prun", "memit", "mprun", "lprun", "snakeviz"])
_SHELL_BODY = frozenset(["bash", "sh", "!", "sx", "system", "shell"])
_OPAQUE = frozenset(
    [
        "html",
        "javascript",
        "js",
        "latex",
        "markdown",
        "svg",
        "perl",
        "ruby",
        "R",
        "r",
        "sql",
        "bigquery",
        "writefile",
        "file",
        "cython",
        "script",
        "julia",
        "octave",
        "matlab",
        "cmd",
        "powershell",
        "ai",
        "wandb",
        "html_raw",
        "mermaid",
        "dot",
        "writetemplate",
    ]
)
_MAGIC_OPTIONS = re.compile(r"(?:-[A-Za-z]\b[ \t]*(?:\d+[ \t]+)?|-[a-zA-Z]+\d+[ \t]+)*")
_SHELL_NAMES = re.compile(r"(?:/\S*/)?(bash|sh|zsh)\b(.*)", re.DOTALL)
_PYTHON_NAMES = re.compile(r"(?:/\S*/)?python[\d.]*\b.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Magic:
    """One magic; `body` is the rest of the cell, None for a line magic."""

    name: str
    line: str
    body: str | None = None


@dataclass(slots=True)
class CellCode:
    """What a cell holds; `broken` when it is no Python, even after IPython's transformation."""

    trees: list[ast.Module] = field(default_factory=list)
    shell: list[str] = field(default_factory=list)
    magics: list[Magic] = field(default_factory=list)
    broken: bool = False


def parse_python(source: str) -> ast.Module | None:
    """Return the syntax tree, None where the source is no Python."""
    try:
        return ast.parse(source)
    except CANNOT_PARSE:
        return None


def read_cell(source: str) -> CellCode:
    """Take a cell's text apart. Never raises, whatever the text."""
    code = CellCode()
    _read(source.replace("\r\n", "\n"), code)
    return code


def _read(source: str, code: CellCode) -> None:
    if not source or source.isspace():
        return
    if "%%" in source and (found := _CELL_MAGIC.match(source)):
        _cell_magic(found[1], found[2].strip(), source[found.end() :], code)
        return
    tree = parse_python(source)
    if tree is None:
        tree = _without_magic_lines(source, code)
    if tree is None:
        tree = _transformed(source, code)
    if tree is None:
        code.broken = True
        _line_by_line(source, code)
        return
    code.trees.append(tree)


def _cell_magic(name: str, line: str, body: str, code: CellCode) -> None:
    code.magics.append(Magic(name, line, body))
    script = line if name == "script" else ""
    if name in _SHELL_BODY or _SHELL_NAMES.match(_without_leading_options(script)):
        code.shell.append(f"{line}\n{body}" if name == "!" else body)
    elif name in _PYTHON_BODY or _PYTHON_NAMES.match(_without_leading_options(script)):
        if name == "timeit":
            _python_line(line, code)
        _read(body, code)
    elif name not in _OPAQUE:
        inner = CellCode()
        _read(body, inner)
        if not inner.broken:
            code.trees.extend(inner.trees)
            code.shell.extend(inner.shell)
            code.magics.extend(inner.magics)


def _without_leading_options(line: str) -> str:
    return re.sub(r"^(?:--?[\w-]+(?:[ =](?!\S*(?:sh|python))\S+)?[ \t]+)*", "", line)


def _python_line(line: str, code: CellCode) -> None:
    tree = parse_python(_MAGIC_OPTIONS.sub("", line, count=1).strip())
    if tree is not None:
        code.trees.append(tree)


def _line_magic(text: str, code: CellCode) -> None:
    name, _, line = text.strip().partition(" ")
    code.magics.append(Magic(name, line.strip()))
    if name in _PYTHON_LINE:
        _python_line(line, code)
    elif name in {"sx", "system"}:
        code.shell.append(line)


def _without_magic_lines(source: str, code: CellCode) -> ast.Module | None:
    """Parse the cell with its magic lines replaced; None when that does not make it Python.

    A cell with a triple quote is left to IPython: there a line may look like a magic and be text.
    """
    if '"""' in source or "'''" in source:
        return None
    found: list[tuple[str, str]] = []
    lines = _replaced(source, found)
    tree = parse_python("\n".join(lines)) if found else None
    if tree is not None:
        _take(found, code)
    return tree


def _replaced(source: str, found: list[tuple[str, str]]) -> list[str]:
    """Return the lines with magics replaced by ``pass``, and add each (mark, text) to `found`."""
    lines: list[str] = []
    waiting = iter(source.split("\n"))
    for raw in waiting:
        match = _MAGIC_LINE.fullmatch(raw) or _ASSIGNED.fullmatch(raw)
        if _HELP_LINE.fullmatch(raw):
            lines.append(raw[: len(raw) - len(raw.lstrip())] + "pass")
            found.append(("?", ""))
        elif match is not None:
            text = match[match.lastindex or 0]
            while text.endswith("\\"):
                following = next(waiting, "")
                text = f"{text}\n{following}"
            assigned = match[2] + "None" if match.re is _ASSIGNED else "pass"
            lines.append(match[1] + assigned)
            found.append((match[match.re.groups - 1], text))
        elif automagic := _AUTOMAGIC.fullmatch(raw):
            lines.append(automagic[1] + "pass")
            found.append(("%", raw.strip()))
        else:
            lines.append(raw)
    return lines


def _take(found: list[tuple[str, str]], code: CellCode) -> None:
    for mark, text in found:
        if mark == "%":
            _line_magic(text, code)
        elif mark.startswith("!"):
            code.shell.append(text)


def _transformed(source: str, code: CellCode) -> ast.Module | None:
    """Parse the cell after IPython's transformation, with its magics read from the result."""
    # Imported late: outside of a kernel it takes longer than a whole scan, and few cells need it.
    from IPython.core.inputtransformer2 import TransformerManager  # noqa: PLC0415

    try:
        tree: ast.Module = ast.parse(TransformerManager().transform_cell(source))
    except _CANNOT_TRANSFORM:
        return None
    for name, arguments in shell_calls(tree):
        if name in {"system", "getoutput"}:
            code.shell.append(arguments[0])
        elif name == "run_line_magic":
            _line_magic(" ".join(arguments), code)
        elif name == "run_cell_magic" and len(arguments) == 3:
            _cell_magic(arguments[0], arguments[1], arguments[2], code)
    return tree


def shell_calls(tree: ast.Module) -> list[tuple[str, list[str]]]:
    """Return the calls of ``get_ipython()`` methods with nothing but literal arguments."""
    calls = []
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Call)
            and isinstance(node.func.value.func, ast.Name)
            and node.func.value.func.id == "get_ipython"
        ):
            values = [a.value for a in node.args if isinstance(a, ast.Constant)]
            texts = [value for value in values if isinstance(value, str)]
            if texts and len(texts) == len(node.args):
                calls.append((node.func.attr, texts))
    return calls


def _line_by_line(source: str, code: CellCode) -> None:
    """Read import lines and magic lines of a cell that is no Python."""
    text = _TRIPLE.sub("", source)
    for found in _IMPORT_LINE.finditer(text):
        tree = parse_python(found[1].split("#")[0].strip() if "(" not in found[1] else found[1])
        if tree is not None:
            code.trees.append(tree)
    magics: list[tuple[str, str]] = []
    _replaced(text, magics)
    _take(magics, code)
