"""Asks a box what was installed in it by hand, and what its notebooks use there.

What differs is the engine's word (`spec.by_hand`); the box is only asked what depends on what, and
what provides a module, and what it says is checked before it counts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import ProbeError
from jupyter_devbox.spec.by_hand import ByHand, named_alone, read_changes
from jupyter_devbox.spec.container import ExecSpec
from jupyter_devbox.spec.names import DISTRIBUTION_NAME, normalise
from jupyter_devbox.spec.written import INTERPRETER

_MOST = 16 * 1024 * 1024
_NEEDS = """
import importlib.metadata, json, re
needs = {}
for one in importlib.metadata.distributions():
    lines = [line for line in one.requires or () if not re.search(r"extra\\s*==", line)]
    found = [re.match(r"[A-Za-z0-9._-]+", line) for line in lines]
    needs[one.metadata["Name"] or ""] = [match.group() for match in found if match]
print(json.dumps(needs))
"""
_HISTORY = """
import json, os, sqlite3
home, found = os.path.expanduser("~"), []
try:
    base = "file:%s/.ipython/profile_default/history.sqlite?mode=ro" % home
    rows = sqlite3.connect(base, uri=True).execute(
        "select source_raw from history order by session desc, line desc limit 5000")
    found += [["cell", row[0]] for row in rows][::-1]
except sqlite3.Error:
    pass
try:
    with open(home + "/.bash_history", encoding="utf-8", errors="replace") as file:
        found += [["shell", line.rstrip()] for line in file.readlines()[-5000:]]
except OSError:
    pass
print(json.dumps(found))
"""


def typed_in(engine: Engine, container: str, user: str = "") -> tuple[tuple[str, str], ...]:
    """Return what was typed in a running box: (``cell`` or ``shell``, text), oldest first.

    The box may say anything, and what its user typed may hold secrets: `capture.typed` reads it.
    """
    command = ExecSpec(command=(INTERPRETER, "-I", "-c", _HISTORY), user=user)
    said = engine.run(container, command).stdout
    try:
        rows = json.loads(said) if len(said) < _MOST else []
    except (ValueError, RecursionError):
        return ()
    return tuple(
        (row[0], row[1])
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, list)
        and len(row) == 2
        and row[0] in {"cell", "shell"}
        and isinstance(row[1], str)
    )


def installed_by_hand(engine: Engine, container: str, user: str = "") -> ByHand:
    """Return how a running box differs from its image; the box is asked only where it does.

    Parameters
    ----------
    user
        Who is asked; "" for the container's own user.

    Raises
    ------
    EngineError
        The engine does not answer, or the box went away.
    """
    found = read_changes(engine.changes(container))
    if len(found.added) > 1:
        command = ExecSpec(command=(INTERPRETER, "-I", "-c", _NEEDS), user=user)
        found = named_alone(found, read_needs(engine.run(container, command).stdout))
    if found.apt:
        command = ExecSpec(command=("/usr/bin/apt-mark", "showmanual"), user=user)
        named = set(engine.run(container, command).stdout.split())
        found = replace(found, apt=tuple(name for name in found.apt if name in named))
    return found


def read_needs(text: str) -> Mapping[str, tuple[str, ...]]:
    """Return what depends on what, names normalised; {} for what is no such answer."""
    try:
        told = json.loads(text) if len(text) < _MOST else None
    except (ValueError, RecursionError):
        return {}
    rows = told.items() if isinstance(told, dict) else ()
    return {
        normalise(name): tuple(normalise(each) for each in listed if _is_name(each))
        for name, listed in rows
        if _is_name(name) and isinstance(listed, list)
    }


def ask_box(
    engine: Engine, container: str, program: str, user: str = ""
) -> Callable[[str], object]:
    """Return what runs a program in a box: JSON in on standard input, JSON out.

    Its answer is decoded, and not looked at: the box may say anything.

    Parameters
    ----------
    program
        Text of the program, of the standard library alone.
    user
        Who runs it; "" for the container's own user.
    """

    def ask(request: str) -> object:
        command = (INTERPRETER, "-I", "-c", program)
        done = engine.run(
            container, ExecSpec(command=command, user=user, stdin=True), request.encode()
        )
        if done.exit_code or len(done.stdout) > _MOST:
            message = f"The box's Python did not answer: `{container[:12]}`"
            raise ProbeError(message, details=tuple(done.stderr.splitlines()[-5:]))
        try:
            answer: Any = json.loads(done.stdout)
        except (ValueError, RecursionError) as error:
            message = f"The box gave an answer that cannot be read: `{container[:12]}`"
            raise ProbeError(message, hint="restart the kernel") from error
        return answer

    return ask


def _is_name(value: object) -> bool:
    return isinstance(value, str) and DISTRIBUTION_NAME.fullmatch(value) is not None
