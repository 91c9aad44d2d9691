"""Reading a saved notebook: its code cells and the Python that it names."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_devbox.errors import NotebookError, UnsupportedKernelError

_PYTHON = re.compile(r"i?python\d*|xpython|pypy\d*|pyodide", re.IGNORECASE)
_FOREIGN_KERNEL = re.compile(
    r"(ir|irkernel|julia|bash|octave|scala|almond|javascript|deno|gophernotes|rust|sas|stata"
    r"|matlab|ruby|perl|clojure|kotlin|java|ijavascript|tslab|sos|wolframlanguage)"
    r"([-_.\d].*)?",
    re.IGNORECASE,
)
_VERSION = re.compile(r"\d+\.\d+(\.\d+)?([a-z]+\d+)?\+?")
_SHOWN_NAME = 60


@dataclass(frozen=True, slots=True)
class Cell:
    """One code cell; `number` is 1-based with markdown cells counted, None when not saved."""

    number: int | None
    source: str


@dataclass(frozen=True, slots=True)
class Notebook:
    """The code cells of a saved notebook, and the Python version that last ran it ("" unknown)."""

    cells: tuple[Cell, ...]
    python: str = ""


def read_notebook(path: Path) -> Notebook:
    """Read the code cells of a notebook file; outputs are not looked at.

    Raises
    ------
    NotebookError
        When the file is missing, unreadable, not JSON, truncated, or older than nbformat 4.
    UnsupportedKernelError
        When the notebook's language is not Python.
    """
    content = _parse(_read(path), path)
    _check_format(content, path)
    metadata = _mapping(content.get("metadata"))
    _check_language(metadata, path)
    cells = content.get("cells")
    if not isinstance(cells, list):
        message = f"The notebook has no list of cells: `{path}`"
        raise NotebookError(message, hint="Open it in Jupyter and save it again.")
    return Notebook(
        cells=tuple(
            Cell(number, _source(cell))
            for number, cell in enumerate(cells, start=1)
            if isinstance(cell, dict) and cell.get("cell_type") == "code"
        ),
        python=_python_version(metadata),
    )


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"The file is not a notebook, for it is not UTF-8 text: `{path}`"
        raise NotebookError(message, hint="Name a file that ends in .ipynb.") from error
    except OSError as error:
        message = f"The notebook cannot be read ({error.strerror or 'error'}): `{path}`"
        raise NotebookError(message, hint="Check the path and its permissions.") from error


def _parse(text: str, path: Path) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        if text.lstrip().startswith("{"):
            message = f"The notebook is cut short or damaged ({error}): `{path}`"
            hint = "Restore it from .ipynb_checkpoints/ or from version control."
        else:
            message = f"The file is not a notebook, for it is not JSON: `{path}`"
            hint = "Name a file that ends in .ipynb."
        raise NotebookError(message, hint=hint) from error
    if not isinstance(content, dict):
        message = f"The file is JSON but not a notebook: `{path}`"
        raise NotebookError(message, hint="Name a file that ends in .ipynb.")
    return content


def _check_format(content: dict[str, Any], path: Path) -> None:
    major = content.get("nbformat", 4 if "cells" in content else None)
    if "worksheets" in content or (isinstance(major, int) and major < 4):
        message = f"The notebook is in nbformat {major or 3}, which is too old: `{path}`"
        hint = f"jupyter nbconvert --to notebook --nbformat 4 --inplace {_quoted(path)}"
        raise NotebookError(message, hint=hint)
    if not isinstance(major, int) or major > 4:
        message = f"The file is JSON but not a notebook in nbformat 4: `{path}`"
        raise NotebookError(message, hint="Open it in Jupyter and save it again.")


def _check_language(metadata: dict[str, Any], path: Path) -> None:
    kernelspec = _mapping(metadata.get("kernelspec"))
    language = _mapping(metadata.get("language_info")).get("name") or kernelspec.get("language")
    name = kernelspec.get("name")
    if isinstance(language, str) and language.strip():
        foreign = None if _PYTHON.fullmatch(language.strip()) else language.strip()
    elif isinstance(name, str) and _FOREIGN_KERNEL.fullmatch(name):
        foreign = name
    else:
        foreign = None
    if foreign is not None:
        message = f"The notebook is not written in Python (`{path}`): `{foreign[:_SHOWN_NAME]}`"
        raise UnsupportedKernelError(message, hint="jupyter-devbox runs Python notebooks only.")


def _python_version(metadata: dict[str, Any]) -> str:
    version = _mapping(metadata.get("language_info")).get("version")
    if isinstance(version, str) and _VERSION.fullmatch(version):
        return version
    return ""


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "'\\''") + "'"
