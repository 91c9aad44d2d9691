"""Shell text of a notebook: which packages, programs, folders and scripts it names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from jupyter_devbox.capture import urls
from jupyter_devbox.capture.apt_lines import APT_PROGRAMS, read_apt
from jupyter_devbox.capture.installs import (
    install_arguments,
    is_python,
    program_of,
    read_install,
)
from jupyter_devbox.capture.requirement import Folders, Install, Skipped
from jupyter_devbox.capture.shell import Command, Word, split_commands

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_PREFIXES = frozenset(
    [
        "sudo",
        "env",
        "nohup",
        "time",
        "exec",
        "command",
        "if",
        "then",
        "else",
        "elif",
        "do",
        "while",
        "until",
        "!",
        "{",
        "yes",
        "eval",
        "stdbuf",
    ]
)
_SHELLS = frozenset({"bash", "sh", "zsh", "dash"})
_FOREIGN_INSTALLERS = frozenset({"yum", "dnf", "apk", "brew", "pacman", "zypper", "choco"})
_PREFIX_VALUE_OPTIONS = frozenset({"-u", "-g", "-n"})
_DEEPEST = 3


@dataclass(slots=True)
class ShellFacts:
    """What shell text says.

    `programs` are the names of the programs that it starts; `folders` the folders that it enters
    or clones; `scripts` and `modules` what it runs with Python.
    """

    installs: list[Install] = field(default_factory=list)
    apt: list[str] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    programs: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    notes: list[Skipped] = field(default_factory=list)


def read_shell(text: str, folders: Folders) -> ShellFacts:
    """Read shell text without running any of it."""
    facts = ShellFacts()
    _read(text, folders, facts, depth=0)
    return facts


def _read(text: str, folders: Folders, facts: ShellFacts, *, depth: int) -> None:
    for words in split_commands(text):
        command = _without_prefixes(words)
        if not command:
            continue
        program = program_of(command[0])
        if program in _SHELLS:
            _nested(command, folders, facts, depth=depth)
        elif program == "cd":
            folders = _enter(command, folders, facts)
        else:
            _one(program, command, folders, facts)


def _nested(command: Command, folders: Folders, facts: ShellFacts, *, depth: int) -> None:
    texts = [word.text for word in command]
    if "-c" in texts[:-1] and depth < _DEEPEST:
        _read(texts[texts.index("-c") + 1], folders, facts, depth=depth + 1)


def _without_prefixes(command: Command) -> Command:
    while command:
        first = command[0].text
        if _ASSIGNMENT.fullmatch(first):
            command = command[1:]
        elif first in _PREFIXES:
            command = _without_options(command[1:])
        else:
            break
    return command


def _without_options(command: Command) -> Command:
    while command and command[0].text.startswith("-"):
        command = command[2:] if command[0].text in _PREFIX_VALUE_OPTIONS else command[1:]
    return command


def _enter(command: Command, folders: Folders, facts: ShellFacts) -> Folders:
    if len(command) < 2 or not command[1].known:
        return folders
    facts.folders.append(command[1].text)
    path = folders.inside(command[1].text)
    return replace(folders, here=path) if path is not None else folders


def _one(program: str, command: Command, folders: Folders, facts: ShellFacts) -> None:
    found = install_arguments(command)
    if found is not None:
        installs = read_install(*found, folders)
        facts.installs.extend(installs.installs)
        facts.indexes.extend(installs.indexes)
        facts.notes.extend(installs.notes)
    elif program in APT_PROGRAMS:
        for item in read_apt(command[1:]):
            if isinstance(item, str):
                facts.apt.append(item)
            else:
                facts.notes.append(item)
    elif program in _FOREIGN_INSTALLERS and "install" in {word.text for word in command}:
        message = f"The box has Debian's packages, not those of `{program}`."
        facts.notes.append(Skipped("foreign-installer", message))
    elif is_python(program):
        _python(command[1:], facts)
    else:
        facts.programs.append(program)
        if program == "git":
            _clone(command[1:], facts)


def _python(arguments: Command, facts: ShellFacts) -> None:
    words = iter(arguments)
    for word in words:
        if word.text == "-m":
            module = next(words, Word(""))
            if module.known and all(part.isidentifier() for part in module.text.split(".")):
                facts.modules.append(module.text)
            return
        if word.text in {"-c", "-"}:
            return
        if not word.text.startswith("-"):
            if word.known and word.text.endswith(".py"):
                facts.scripts.append(word.text)
            return


def _clone(arguments: Command, facts: ShellFacts) -> None:
    places = [word for word in arguments if not word.text.startswith("-")]
    if len(places) < 2 or places[0].text != "clone" or not places[-1].known:
        return
    target = places[-1].text
    if urls.is_url(target) or target.endswith(".git"):
        target = urls.last_segment(target).removesuffix(".git")
    if target and Path(target).name == target:
        facts.folders.append(target)
