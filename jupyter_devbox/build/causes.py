"""How a known failure is put into words: the parts of the table in `fixes`. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from jupyter_devbox.build.headers import PROGRAMS
from jupyter_devbox.spec.events import Phase

AGAIN = "then run it again: it goes on from there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """Why a build failed, and what mends it.

    Parameters
    ----------
    cause
        One clause, to stand behind "Build failed at PHASE: ".
    hint
        The next command or action.
    apt
        Debian packages whose addition is the cure: a view may offer to add them.
    """

    cause: str
    hint: str
    apt: tuple[str, ...] = ()


Explain = Callable[[re.Match[str], str, Phase | None], Fix | None]


def says(cause: str, hint: str) -> Explain:
    """Return a rule whose cause ends with the first group, if the pattern has one."""

    def explain(found: re.Match[str], _text: str, _phase: Phase | None) -> Fix:
        named = value(found)
        return Fix(cause=f"{cause}: `{named}`" if named else cause, hint=hint)

    return explain


def value(found: re.Match[str]) -> str:
    """Return what a pattern caught, whichever of its branches it was."""
    return next((group for group in found.groups() if group), "").strip("'\"`.,:;")


def at_base(rule: Explain) -> Explain:
    """Return a rule that only holds while a base image is fetched."""

    def explain(found: re.Match[str], text: str, phase: Phase | None) -> Fix | None:
        return rule(found, text, phase) if phase in {None, "Base image"} else None

    return explain


_BUILDING = re.compile(
    r"[Ff]ailed to (?:build|download and build) `([\w.-]+)(?:==|@)([\w.+!-]+)`"
    r"|for `([\w.-]+)@([\w.+!-]+)`"
    r"|Failed building wheel for ([\w.-]+)()"
    r"|required to build ([\w.-]+) from source()"
)


def compiled(text: str) -> str:
    """Return the package that was being compiled: ``pygraphviz 1.14``."""
    if found := _BUILDING.search(text):
        return " ".join(filter(None, found.groups()))
    return "a package"


def needs(table: dict[str, str], what: str) -> Explain:
    """Return a rule for something whose Debian package is known."""

    def explain(found: re.Match[str], text: str, _phase: Phase | None) -> Fix | None:
        name = re.sub(r"^(?:x86_64|aarch64)-linux-gnu-", "", value(found))
        package = table.get(name) or table.get(name.rpartition("/")[2])
        if package is None:
            return None
        return Fix(
            cause=f"{compiled(text)} has to be compiled and needs {what} from {package}: `{name}`",
            hint=f"jupyter devbox containerize --apt {package}",
            apt=(package,),
        )

    return explain


def missing(program: str) -> Explain:
    """Return a rule for a program whose absence is told in other words than its name."""

    def explain(_found: re.Match[str], text: str, _phase: Phase | None) -> Fix:
        package = PROGRAMS[program]
        return Fix(
            cause=f"{compiled(text)} has to be compiled and needs a program: `{program}`",
            hint=f"jupyter devbox containerize --apt {package}",
            apt=(package,),
        )

    return explain


def unknown_header(found: re.Match[str], text: str, _phase: Phase | None) -> Fix:
    """Explain a header that the table lacks."""
    return Fix(
        cause=f"{compiled(text)} has to be compiled and needs a C header: `{found[1]}`",
        hint=f"find its Debian package (apt-file search {found[1]}), then add it with --apt",
    )


def rate_limited(_found: re.Match[str], _text: str, phase: Phase | None) -> Fix:
    """Explain a server that has had enough; for a base image an account raises the limit."""
    if phase == "Base image":
        return Fix(cause="the image hub allows no more downloads for now", hint="docker login")
    return Fix(cause="the server allows no more downloads for now", hint=f"wait a little, {AGAIN}")


def untrusted(_found: re.Match[str], _text: str, phase: Phase | None) -> Fix:
    """Explain a certificate: Docker itself fetches the base image, a step everything else."""
    cause = "a server's certificate is not trusted; a company's own authority may have signed it"
    if phase == "Base image":
        return Fix(
            cause=cause, hint="add your company's certificate to this machine, restart Docker"
        )
    return Fix(cause=cause, hint=f"export SSL_CERT_FILE=/path/to/your-ca-bundle.pem, {AGAIN}")
