"""Install commands of a notebook: what pip, uv and conda were told to install."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from jupyter_devbox.capture import urls
from jupyter_devbox.capture.requirement import (
    Folders,
    Install,
    Place,
    Skipped,
    parse_requirement,
    valid_name,
)
from jupyter_devbox.capture.requirements_file import read_requirements
from jupyter_devbox.capture.shell import Command, Word

_VALUE_OPTIONS = frozenset(
    [
        "-c",
        "--constraint",
        "-t",
        "--target",
        "--platform",
        "--python-version",
        "--implementation",
        "--abi",
        "--root",
        "--prefix",
        "--src",
        "-b",
        "--build",
        "--upgrade-strategy",
        "--no-binary",
        "--only-binary",
        "--progress-bar",
        "--proxy",
        "--retries",
        "--timeout",
        "--exists-action",
        "--trusted-host",
        "--cert",
        "--client-cert",
        "--cache-dir",
        "--log",
        "--global-option",
        "--install-option",
        "--build-option",
        "--config-settings",
        "--config-setting",
        "-C",
        "--report",
        "--root-user-action",
        "--use-feature",
        "--use-deprecated",
        "--keyring-provider",
        "--python",
        "-p",
        "--hash",
        "--torch-backend",
        "--prerelease",
        "--resolution",
        "--exclude-newer",
        "--link-mode",
        "--index-strategy",
        "-P",
        "--upgrade-package",
        "--override",
        "--overrides",
        "--reinstall-package",
        "--no-binary-package",
        "--optional",
        "--group",
        "--extra",
        "--package",
        "--project",
        "--directory",
        "--color",
        "--allow-insecure-host",
    ]
)
_INDEX_OPTIONS = frozenset({"-i", "--index-url", "--default-index", "--pypi-url"})
_EXTRA_INDEX_OPTIONS = frozenset({"--extra-index-url", "--index"})
_PAGE_OPTIONS = frozenset({"-f", "--find-links"})
_PLACE_OPTIONS = _INDEX_OPTIONS | _EXTRA_INDEX_OPTIONS | _PAGE_OPTIONS
_SETTINGS = (".index-url", ".extra-index-url", ".find-links")
_CONDA_VALUE_OPTIONS = frozenset(
    [
        "-n",
        "--name",
        "-p",
        "--prefix",
        "-c",
        "--channel",
        "--file",
        "--solver",
        "--repodata-fn",
        "--subdir",
        "--platform",
    ]
)
_CONDA_SPEC = re.compile(
    r"(?:[\w./:-]+::)?([A-Za-z0-9][A-Za-z0-9._-]*)\s*([=<>!~]=?[\w.*,<>=!~-]*)?"
)
_CONDA_NOT_PYTHON = frozenset({"python", "pip", "conda", "mamba", "cudatoolkit", "nodejs"})
_PIP = re.compile(r"pip[\d.]*(\.exe)?")
_PYTHON = re.compile(r"(python[\d.]*|pypy[\d.]*|py)(\.exe)?")
_CONDA = frozenset({"conda", "mamba", "micromamba"})


@dataclass(slots=True)
class InstallFacts:
    """What one install command says."""

    installs: list[Install] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    notes: list[Skipped] = field(default_factory=list)


def program_of(word: Word) -> str:
    """Return the name of the program that a command's first word starts, "" when not known."""
    if not word.known:
        return "python" if "sys.executable" in word.text else ""
    return PurePosixPath(word.text).name


def is_python(program: str) -> bool:
    """Tell whether the program is a Python interpreter."""
    return bool(_PYTHON.fullmatch(program))


def install_arguments(command: Command) -> tuple[str, Command] | None:
    """Return ``pip``, ``conda`` or, for pip's settings, ``config`` with its arguments, or None."""
    program, rest = program_of(command[0]), command[1:]
    if is_python(program):
        while rest and rest[0].text.startswith("-") and rest[0].text != "-m":
            rest = rest[1:]
        if len(rest) < 2 or rest[0].text != "-m":
            return None
        program, rest = rest[1].text, rest[2:]
    words = [word.text for word in rest]
    if program == "uv":
        return _uv_arguments(words, rest)
    if _PIP.fullmatch(program):
        return _after(words, rest, "install", "pip") or _after(words, rest, "config", "config")
    if program in _CONDA:
        return _after(words, rest, "install", "conda")
    return None


def _uv_arguments(words: list[str], rest: Command) -> tuple[str, Command] | None:
    if words[:1] == ["add"]:
        return "pip", rest[1:]
    if words[:1] == ["pip"]:
        return _after(words[1:], rest[1:], "install", "pip")
    return None


def _after(words: list[str], rest: Command, verb: str, kind: str) -> tuple[str, Command] | None:
    """Return what follows the verb; options may stand before it."""
    for index, word in enumerate(words):
        if word == verb:
            return kind, rest[:index] + rest[index + 1 :]
        if not word.startswith("-"):
            return None
    return None


def read_install(kind: str, arguments: Command, folders: Folders) -> InstallFacts:
    """Read the arguments of one install command."""
    facts = InstallFacts()
    read = {"conda": _conda, "config": _configured}.get(kind)
    for found in read(arguments) if read else _pip(arguments, folders):
        if isinstance(found, Install):
            facts.installs.append(found)
        elif isinstance(found, Place):
            facts.indexes.append(found.url)
        elif found.code:
            facts.notes.append(found)
    return facts


def _pip(arguments: Command, folders: Folders) -> Iterator[Install | Skipped | Place]:
    index = ""
    found: list[Install | Skipped | Place] = []
    for option, value in _options(arguments, _VALUE_OPTIONS):
        if option in _PLACE_OPTIONS:
            if place := Place.named(value.text):
                found.append(place)
                # The main one, else the first of the extra ones: those win over it (uv's rule).
                if option in _INDEX_OPTIONS or (option in _EXTRA_INDEX_OPTIONS and not index):
                    index = place.url
            if option in _PAGE_OPTIONS:
                message = f"An install line takes packages from a page: `{urls.shown(value.text)}`"
                found.append(Skipped("find-links", message))
        elif option in {"-r", "--requirement", "--requirements"}:
            found.extend(_requirements(value, folders))
        elif option in {"-e", "--editable"}:
            found.append(parse_requirement(value.text, folders, known=value.known, editable=True))
        elif not option:
            found.append(parse_requirement(value.text, folders, known=value.known))
    for item in found:
        yield replace(item, index=index) if isinstance(item, Install) and index else item


def _configured(arguments: Command) -> Iterator[Place]:
    """Yield the indexes that ``pip config set global.extra-index-url URL`` names."""
    words = [word.text for word in arguments if not word.text.startswith("-")]
    if len(words) == 3 and words[0] == "set" and words[1].endswith(_SETTINGS):
        yield from filter(None, map(Place.named, words[2].split()))


def _requirements(value: Word, folders: Folders) -> Iterator[Install | Skipped | Place]:
    if not value.known or urls.is_url(value.text):
        message = f"A requirements file cannot be followed: `{urls.shown(value.text)}`"
        yield Skipped("requirements-file", message)
        return
    yield from read_requirements(value.text, folders)


def _options(arguments: Command, with_value: frozenset[str]) -> Iterator[tuple[str, Word]]:
    """Yield (option, its value) and ("", positional argument), without options that have none."""
    takes_value = (
        with_value | _PLACE_OPTIONS | {"-r", "--requirement", "--requirements", "-e", "--editable"}
    )
    words = iter(arguments)
    for word in words:
        if not word.text.startswith("-"):
            yield "", word
            continue
        option, separator, value = word.text.partition("=")
        if separator:
            yield option, Word(value, known=word.known)
        elif option in takes_value:
            following = next(words, None)
            if following is not None:
                yield option, following
        elif len(option) > 2 and option[:2] in {"-r", "-e", "-i", "-f"} and option[1] != "-":
            yield option[:2], Word(option[2:], known=word.known)


def _conda(arguments: Command) -> Iterator[Install | Skipped]:
    words = iter(arguments)
    for word in words:
        if word.text in _CONDA_VALUE_OPTIONS:
            next(words, None)
        elif not word.text.startswith("-"):
            yield _conda_package(word)


def _conda_package(word: Word) -> Install | Skipped:
    found = _CONDA_SPEC.fullmatch(word.text)
    name = valid_name(found[1]) if found and word.known else None
    if name is None:
        message = f"A conda line names something that is no package: `{urls.shown(word.text)}`"
        return Skipped("install-unreadable", message)
    if name in _CONDA_NOT_PYTHON:
        return Skipped()
    return Install(name=name, conda=True)
