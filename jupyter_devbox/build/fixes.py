"""Known ways in which a build fails, each with its cause and the next command. Pure.

uv wraps its messages, so patterns are matched against all lines joined by single spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from jupyter_devbox.build.causes import (
    AGAIN,
    Explain,
    Fix,
    at_base,
    missing,
    needs,
    rate_limited,
    says,
    unknown_header,
    untrusted,
)
from jupyter_devbox.build.headers import HEADERS, MODULES, PROGRAMS
from jupyter_devbox.spec.events import Phase

__all__ = ["Fix", "diagnose"]


def diagnose(lines: Iterable[str], phase: Phase | None = None) -> Fix | None:
    """Return the first known failure that these lines show; None if none is known.

    Parameters
    ----------
    lines
        The end of the failing step's output and BuildKit's own error.
    phase
        Where it failed: the same words mean another cure while a base image is fetched.
    """
    words = " ".join(lines).split()
    text = " ".join(word[:_LONGEST_WORD] for word in words)[-_LONGEST_TEXT:]
    for pattern, explain in _TABLE:
        for found in pattern.finditer(text):
            if fix := explain(found, text, phase):
                return fix
    return None


# A step prints what it likes: a megabyte without a space would keep the patterns busy for minutes.
_LONGEST_WORD = 300
_LONGEST_TEXT = 64 * 1024
_MISSING_HEADER = r"fatal error: ([\w./+-]+): No such file or directory"
_UNREACHABLE = (
    r"dial tcp|no such host|i/o timeout|TLS handshake timeout|connection refused"
    r"|network is unreachable"
)

_OUR_BASE = "jupyter devbox containerize --base python:3.11-slim-bookworm, or your Python's"

_RULES: tuple[tuple[str, Explain], ...] = (
    (
        r"dockerfile parse error on line (\d+)",
        says("the Dockerfile can't be read at line", "correct that line, or remove the file"),
    ),
    (
        r"exit code: 137\b|signal: killed|Cannot allocate memory|terminated signal 9",
        says(
            "the step was killed, as a rule because memory ran out",
            f"give Docker more memory or close programs, {AGAIN}",
        ),
    ),
    (
        r"[Nn]o space left on device|not enough free space",
        says("the disk that holds Docker's images is full", "jupyter devbox prune"),
    ),
    (
        (
            r"UnknownIssuer|CERTIFICATE_VERIFY_FAILED|certificate verif(?:y|ication) failed"
            r"|self-signed certificate|certificate signed by unknown authority"
        ),
        untrusted,
    ),
    (r"toomanyrequests|429 Too Many Requests|status: 429|pull rate limit", rate_limited),
    (
        rf"resolve source metadata for (\S+): [^`]{{0,500}}?(?:{_UNREACHABLE})",
        at_base(
            says(
                "the image hub can't be reached, and the base image is not on this machine",
                "go online once, or run it again with --base and one of `docker images`",
            )
        ),
    ),
    (
        (
            r"resolve source metadata for (\S+): [^`]{0,500}?"
            r"(?:not found|denied|manifest unknown|does not exist|insufficient_scope)"
        ),
        at_base(
            says(
                "there is no such base image, or you may not use it",
                "jupyter devbox containerize --base IMAGE",
            )
        ),
    ),
    (
        r"exec format error|no match for platform in manifest",
        says(
            "the base image is made for another kind of processor",
            "jupyter devbox containerize --base IMAGE",
        ),
    ),
    (
        r"Unable to locate package (\S+)|Package '?([^\s']+)'? has no installation candidate",
        says(
            "Debian has no package of that name",
            "jupyter devbox containerize --apt NAME, the name as `apt-cache search` has it",
        ),
    ),
    (
        r"Hash mismatch for `([^`]+)`|DO NOT MATCH THE HASHES .{0,2000}? ([\w.-]+==[\w.+!-]+) from",
        says(
            "the index serves another file than the one that was locked",
            "jupyter devbox containerize, which locks again",
        ),
    ),
    (
        r"\b(apt-get|useradd): (?:command )?not found",
        says("the base image is neither Debian nor Ubuntu, for it lacks", _OUR_BASE),
    ),
    (
        r"(?:exec: |stat )\W*(/bin/sh)\W.{0,200}?(?:no such file|not found)",
        says("the base image has no shell", _OUR_BASE),
    ),
    (r"\b(python3): (?:command )?not found", says("the base image has no Python", _OUR_BASE)),
    (
        r"version `(GLIBC_[\d.]+)' not found",
        says("the base image's C library is older than what was locked, which needs", _OUR_BASE),
    ),
    (_MISSING_HEADER, needs(HEADERS, "the headers")),
    (_MISSING_HEADER, unknown_header),
    (
        (
            r"(?:No package|Package|Dependency)\W+([\w.+-]+)\W+(?:was not found in the pkg-config"
            r"|found\b|not found)"
        ),
        needs(MODULES, "the library"),
    ),
    (
        (
            r"No such file or directory: '?([\w+-]+)"
            r"|\b([\w+-]+): (?:command )?not found\b"
            r"|\b([\w+-]+) executable not found"
            r"|Cannot find command '([\w+-]+)"
            r"|command '(?:/usr/bin/)?([\w+-]+)' failed: No such file"
        ),
        needs(PROGRAMS, "a program"),
    ),
    (r"(?:CMake|cmake) must be installed()", missing("cmake")),
    (r"can't find Rust compiler|Rust toolchain.{0,200}? not (?:found|installed)", missing("cargo")),
    (
        (
            r"Because (\S+==\S+) has no (?:usable wheels|wheels with)"
            r"|(\S+\.whl) is not a supported wheel"
        ),
        says(
            "there is no wheel for the image's Python and platform",
            "pin another version in the notebook, or leave it out with --exclude NAME",
        ),
    ),
    (
        r"there is no version of (\S+==\S+?)(?: and|,|\s)|No matching distribution found for (\S+)",
        says("the index does not have", "pin a version that it has, then run it again"),
    ),
    (
        r"all requirements must have a hash, but none were provided for: (\S+)",
        says("the lock has no hash", "jupyter devbox containerize, which locks again"),
    ),
    (
        r'"/?([^"]+)": not found',
        says("the Dockerfile needs a file that is not beside it", "jupyter devbox containerize"),
    ),
    (
        (
            r"Temporary failure (?:in name resolution|resolving)|Could not resolve|dns error"
            r"|[Nn]etwork is unreachable|[Cc]onnection (?:timed out|refused)"
            r"|Failed to establish a new|Could not connect to|error sending request|network timeout"
            r"|operation timed out|error decoding response body|[Cc]onnection reset by peer"
        ),
        says(
            "the build can't reach the network",
            f"check the network and the proxy (HTTPS_PROXY), {AGAIN}",
        ),
    ),
)
_TABLE = tuple((re.compile(pattern), explain) for pattern, explain in _RULES)
