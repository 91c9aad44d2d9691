"""What people typed in a box → the commands that an image would need too. Pure.

pip, uv and apt are left out: what they installed is known without asking (`spec.by_hand`). Only
simple commands count, of programs that bring something into the environment. Whatever may be a
secret takes its whole command with it: half of a command is of no use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jupyter_devbox.capture import urls
from jupyter_devbox.capture.shell import split_commands

Command = tuple[str, ...]

_VERBS = {
    "npm": {"install", "i", "ci"},
    "yarn": {"add", "global"},
    "pnpm": {"add", "install"},
    "gem": {"install"},
    "cargo": {"install"},
    "go": {"install"},
    "conda": {"install"},
    "mamba": {"install"},
    "micromamba": {"install"},
    "git": {"clone"},
    "playwright": {"install", "install-deps"},
    "jupyter": {"labextension", "nbextension"},
    "update-alternatives": {"--set", "--install"},
}
_ALWAYS = frozenset({"curl", "wget", "locale-gen", "fc-cache"})
_MODULES = frozenset({"spacy", "nltk.downloader", "playwright", "textblob.download_corpora"})
_PYTHON = re.compile(r"python(?:3(?:\.\d+)?)?")
_COMPLEX = re.compile(r"[|<>$`{}\\*]")
_SHELL_CELL = re.compile(r"\s*%%(?:bash|sh|script (?:bash|sh))\b[^\n]*\n")
_MOST = 100
_LONGEST = 1000

_SECRET_WORD = re.compile(
    r"token|secret|passw|api[_-]?key|access[_-]?key|auth|credential|cookie|bearer", re.IGNORECASE
)
_SECRET_SHAPE = re.compile(
    r"(?:ghp|gho|ghs|ghu|github_pat|glpat|hf|xox[abp]|sk|pk|rk|AKIA|ASIA|AIza|eyJ)[-_A-Za-z0-9]{12,}"
)
_RANDOM = re.compile(r"(?=[A-Za-z0-9+_=-]*\d)(?=[A-Za-z0-9+_=-]*[A-Za-z])[A-Za-z0-9+_=-]{28,}")
_LOGIN = re.compile(r"-[uU].*|--(?:proxy-)?user(?:=.*)?|--header(?:=.*)?|-H.*|--data.*|-d.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """Commands that are worth keeping, each once, and how many were left out for a secret."""

    commands: tuple[Command, ...] = ()
    secret: int = 0


def worth_keeping(typed: Iterable[tuple[str, str]], secrets: Iterable[str] = ()) -> Typed:
    """Return the commands to offer.

    Parameters
    ----------
    typed
        (``cell`` or ``shell``, text), as the box says.
    secrets
        Values that are secrets on this machine; one of them in a command leaves it out.
    """
    known = tuple(secret for secret in secrets if len(secret) >= 4)
    kept: dict[Command, None] = {}
    hidden: set[Command] = set()
    for kind, text in typed:
        for line in _lines(kind, text):
            for words in _simple(line):
                if not _brings_something(words):
                    continue
                clean = _without_secrets(words, known)
                if clean is None:
                    hidden.add(words)
                else:
                    kept.pop(clean, None)  # the last time counts
                    kept[clean] = None
    return Typed(commands=tuple(kept)[-_MOST:], secret=len(hidden))


def _lines(kind: str, text: str) -> Iterator[str]:
    """Yield the shell lines of a cell or of a shell."""
    if kind == "shell":
        yield text
        return
    if found := _SHELL_CELL.match(text):
        yield from text[found.end() :].splitlines()
        return
    for line in text.splitlines():
        stripped = line.strip()
        for mark in ("!!", "!", "%sx ", "%system "):
            if stripped.startswith(mark):
                yield stripped.removeprefix(mark)
                break


def _simple(line: str) -> Iterator[Command]:
    """Yield the commands of a line that a Dockerfile could hold as they are."""
    line = line.replace("||", ";")  # what follows is a command of its own either way
    if len(line) > _LONGEST or not line.isprintable() or _COMPLEX.search(line):
        return
    for command in split_commands(line):
        words = tuple(word.text for word in command)
        if words[:1] == ("sudo",):
            words = words[1:]
        if words and all(word.known for word in command):
            yield words


def _brings_something(words: Command) -> bool:
    program, rest = words[0].rpartition("/")[2], words[1:]
    if _PYTHON.fullmatch(program):
        return rest[:1] == ("-m",) and rest[1:2] != () and rest[1] in _MODULES
    if program in _ALWAYS:
        return bool(rest)
    return bool(_VERBS.get(program, set()) & set(rest))


def _without_secrets(words: Command, known: tuple[str, ...]) -> Command | None:
    """Return a command with its addresses stripped; None if it may hold a secret."""
    clean = []
    for word in words:
        if urls.is_url(word):
            word = urls.strip_credentials(word)  # noqa: PLW2901
            if not word:
                return None
        if _SECRET_WORD.search(word) or _SECRET_SHAPE.search(word) or _RANDOM.search(word):
            return None
        if any(secret in word for secret in known):
            return None
        clean.append(word)
    if words[0].rpartition("/")[2] in {"curl", "wget"} and any(map(_LOGIN.fullmatch, words[1:])):
        return None
    return tuple(clean)
