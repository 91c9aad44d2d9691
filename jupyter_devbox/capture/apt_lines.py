"""``apt`` commands of a notebook: Debian package names, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jupyter_devbox.capture import urls
from jupyter_devbox.capture.requirement import Skipped
from jupyter_devbox.capture.shell import Command, Word

APT_PROGRAMS = frozenset({"apt", "apt-get", "aptitude"})
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_VALUE_OPTIONS = frozenset(
    [
        "-o",
        "--option",
        "-t",
        "--target-release",
        "--default-release",
        "-c",
        "--config-file",
        "-a",
        "--host-architecture",
    ]
)


def is_debian_name(text: str) -> bool:
    """Tell whether the text is a package name by Debian's own rule."""
    return bool(_NAME.fullmatch(text)) and not text.endswith(("-", ".")) and len(text) <= 128


def read_apt(arguments: Command) -> Iterator[str | Skipped]:
    """Yield the package names that ``apt install`` got; what is no name becomes a warning."""
    verb = ""
    words = iter(arguments)
    if any(word.text == "--only-upgrade" for word in arguments):
        return
    for word in words:
        if word.text in _VALUE_OPTIONS:
            next(words, None)
        elif word.text.startswith("-"):
            continue
        elif not verb:
            verb = word.text
            if verb != "install":
                return
        else:
            yield _package(word)


def _package(word: Word) -> str | Skipped:
    name = re.split(r"[=/:]", word.text)[0] if not word.text.startswith((".", "/")) else ""
    if word.known and is_debian_name(name):
        return name
    message = f"An apt line names something that is no Debian package: `{urls.shown(word.text)}`"
    return Skipped("apt-unreadable", message)
