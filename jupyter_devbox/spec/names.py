"""Names from untrusted text: accepted by strict patterns, or refused. Nothing is repaired."""

from __future__ import annotations

import re

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from jupyter_devbox.errors import RequirementError

APT_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]{0,126}[a-z0-9+.]")
"""Debian Policy 5.6.1; the upper bound is ours. No path, option, version or address fits; nor does
``NAME-``, which apt-get(8) takes for a removal."""

DISTRIBUTION_NAME = re.compile(r"[a-z0-9]|[a-z0-9][a-z0-9._-]*[a-z0-9]", re.IGNORECASE | re.ASCII)
"""Core metadata's `Name` (packaging.python.org/specifications/core-metadata)."""

PYTHON_MINOR = re.compile(r"3\.(?:9|1[0-9])")
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
IMAGE_REFERENCE = re.compile(
    rf"(?:[a-z0-9]+(?:(?:\.|-+)[a-z0-9]+)*(?::[0-9]{{1,5}})?/)?{_PART}(?:/{_PART})*"
    r":[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
)
"""Distribution's reference grammar with a tag and without digest
(github.com/distribution/reference, `ReferenceRegexp`), in lower case."""

ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~%+,=!/-]*)?")
"""An index or one of its files: no login, query, fragment, nor a variable that pip would expand."""


def parse_requirement(text: str) -> Requirement:
    """Return the parsed PEP 508 requirement.

    Raises
    ------
    RequirementError
        It is not one, or it names an address: only capture may do so, from installed metadata.
    """
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        message = f"This is not a package requirement: `{text}`"
        raise RequirementError(message, hint="write it like `numpy` or `numpy>=2`") from error
    if requirement.url:
        message = f"A requirement with an address cannot be included: `{requirement.name}`"
        raise RequirementError(
            message, hint="install it in the notebook with %pip, then containerize again"
        )
    check_name(requirement.name)  # packaging lets `numpy_` through
    return requirement


def normalise(name: str) -> str:
    """Return a distribution name in PEP 503's normal form."""
    return canonicalize_name(name)


def check_name(name: str) -> str:
    """Return the distribution name, or raise `RequirementError`."""
    if not DISTRIBUTION_NAME.fullmatch(name):
        message = f"This is not a package name: `{name}`"
        raise RequirementError(message, hint="write it like `scikit-learn`")
    return name


def check_apt_name(name: str) -> str:
    """Return the Debian package name, or raise `RequirementError`."""
    if not APT_NAME.fullmatch(name):
        message = f"This is not a Debian package name: `{name}`"
        raise RequirementError(message, hint="names look like `libsndfile1`; see `apt search`")
    return name


def check_python(minor: str) -> str:
    """Return the Python minor version, or raise `RequirementError`."""
    if not PYTHON_MINOR.fullmatch(minor):
        message = f"This is not a Python version that devbox knows: `{minor}`"
        raise RequirementError(message, hint="write it like --python 3.12")
    return minor


def check_port(port: int) -> int:
    """Return the port number, or raise `RequirementError`."""
    if not 1 <= port <= 65535:
        message = f"This is not a port: `{port}`"
        raise RequirementError(message, hint="ports go from 1 to 65535, like --port 6006")
    return port


def check_image(reference: str) -> str:
    """Return the base image reference, or raise `RequirementError`."""
    if not IMAGE_REFERENCE.fullmatch(reference) or reference.endswith(":latest"):
        message = f"This is not an image name with a fixed tag: `{reference}`"
        raise RequirementError(message, hint="write it like --base python:3.12-slim-bookworm")
    return reference
