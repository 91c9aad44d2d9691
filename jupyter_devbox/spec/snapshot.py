"""Facts about what a notebook or a live kernel uses: capture's output, plan's input."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Reason = Literal["import", "install", "engine"]
Source = Literal["index", "vcs", "file", "editable"]
AptReason = Literal["!apt-get", "shared library", "rule"]

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedRequirement:
    """One distribution that the notebook needs.

    Parameters
    ----------
    name
        Distribution name, normalised by PEP 503.
    version
        Installed version, local part included (``2.0.0+cu124``); None where nothing is installed.
    extras
        Extras named by the notebook's install line, sorted.
    imports
        Dotted names by which the notebook reaches it, sorted; empty for reason ``install``.
    reason
        Why it is here: ``import``, ``install`` or ``engine``.
    source
        Where it was installed from (``direct_url.json``).
    url
        For ``vcs``: ``git+https://…@commit``; for ``file`` and ``editable``: the file URL.
        Never with credentials.
    lost
        Why the address that it was installed from cannot be taken, so that `source` is ``index``;
        "" where there was none or it can.
    specifier
        Version specifier that the notebook's own install line gives, such as ``>=2,<3``; else "".
        It is the user's word and is kept; `version` is only what happens to be installed.
    index
        URL of the index that the install line gives with ``--index-url``, else of the first one
        that it gives with ``--extra-index-url``, without credentials; else "".
    cells
        Numbers of the cells (1-based, markdown cells counted) that name it, sorted.
    """

    name: str
    version: str | None = None
    extras: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    reason: Reason = "import"
    source: Source = "index"
    url: str | None = None
    lost: str = ""
    specifier: str = ""
    index: str = ""
    cells: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AptRequirement:
    """One Debian package that the notebook needs."""

    name: str
    reason: AptReason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalModule:
    """A module of the user's own.

    Parameters
    ----------
    name
        Top-level import name.
    path
        Relative to the notebook's folder, with forward slashes; absolute where it lies outside
        the project.
    inside
        Whether it lies in the project: then it is mounted, else it must become a wheel.
    """

    name: str
    path: str
    inside: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class UnresolvedImport:
    """An import that no known package provides; never guessed."""

    name: str
    cells: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureWarning:
    """Something the user should know; `cell` is 1-based, None when it concerns no one cell."""

    code: str
    message: str
    cell: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledDistribution:
    """One distribution of the kernel's environment, as a preference for the lock.

    `size` is the sum of the sizes that its RECORD lists, in bytes (0 where RECORD is silent).
    """

    name: str
    version: str
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSnapshot:
    """Everything capture found out.

    Parameters
    ----------
    notebook
        Path of the notebook relative to the project where known, else its file name; "" for a
        kernel without one.
    python
        Full version of the kernel's Python, such as ``3.11.7``; "" when nothing says so.
    platform
        ``linux/amd64``, ``linux/arm64``, ``darwin/arm64``, …
    requirements, apt, local_modules, unresolved, warnings
        Sorted by name (warnings by cell).
    indexes
        URLs of all indexes that install lines and pip's settings give, extra ones and pages of
        links (``--find-links``) too, in their order, without credentials.
    installed
        The kernel's whole environment: preferences for the lock, never requirements.
        Empty after a static scan.
    live
        Whether a running kernel was asked.
    """

    notebook: str = ""
    python: str = ""
    platform: str = ""
    requirements: tuple[CapturedRequirement, ...] = ()
    apt: tuple[AptRequirement, ...] = ()
    local_modules: tuple[LocalModule, ...] = ()
    unresolved: tuple[UnresolvedImport, ...] = ()
    warnings: tuple[CaptureWarning, ...] = ()
    indexes: tuple[str, ...] = ()
    installed: tuple[InstalledDistribution, ...] = field(default=(), repr=False)
    live: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the object of `jupyter devbox capture --json` (DESIGN, contracts)."""
        return {
            "schema": SCHEMA,
            "python": self.python,
            "platform": self.platform,
            "requirements": [
                {
                    "name": r.name,
                    "version": r.version,
                    "extras": list(r.extras),
                    "imports": list(r.imports),
                    "reason": r.reason,
                    "source": r.source,
                    "url": r.url,
                    "specifier": r.specifier,
                    "index": r.index,
                    "cells": list(r.cells),
                }
                for r in self.requirements
            ],
            "apt": [{"name": a.name, "reason": a.reason, "detail": a.detail} for a in self.apt],
            "local_modules": [{"name": m.name, "path": m.path} for m in self.local_modules],
            "unresolved": [{"import": u.name, "cells": list(u.cells)} for u in self.unresolved],
            "warnings": [
                {"code": w.code, "message": w.message, "cell": w.cell} for w in self.warnings
            ],
            "indexes": list(self.indexes),
        }
