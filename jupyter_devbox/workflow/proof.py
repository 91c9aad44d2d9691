"""What `verify` found, and how strict it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_devbox.spec.environment import Target
from jupyter_devbox.workflow.comparing import OutputChange


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookProof:
    """How one notebook did in the clean environment.

    `compared` counts the cells that had saved outputs; `changes` are the outputs that differ;
    `proposed` is a pin (``openpyxl==3.1.5``) that would mend a failed import, with its cell.
    """

    path: str
    ok: bool
    compared: int = 0
    differences: tuple[str, ...] = ()
    changes: tuple[OutputChange, ...] = ()
    proposed: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenEnvironment:
    """What the notebooks of a group ran in.

    Parameters
    ----------
    image
        Id of the image; "" for a virtual environment.
    base
        What its Dockerfile begins from, with the digest where it is pinned; "" likewise.
    lock
        Digest of the lock.
    python
        Its Python, in full; "" if it does not say.
    packages
        Name → version of all that is installed.
    """

    group: str
    image: str
    base: str
    lock: str
    python: str
    packages: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return one of ``environments`` of `verify --json`."""
        return {
            "group": self.group,
            "image": self.image or None,
            "base": self.base or None,
            "lock": self.lock,
            "python": self.python,
            "packages": dict(sorted(self.packages.items())),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions:
    """How strict a proof is.

    Parameters
    ----------
    target
        ``cpu``, ``cuda`` or ``venv``; None takes the CPU's box where there is an engine.
    no_cache
        Whether the environment is built from nothing but the written files: no step of an earlier
        build, and in a virtual environment nothing that uv has.
    tolerance
        By how much numbers in outputs may differ; see `compare_outputs`.
    """

    target: Target | None = None
    no_cache: bool = False
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What `verify` found; `versions` is name → (locked, found) where the two differ.

    Of a split project a name is ``group/name``.
    """

    target: Target
    notebooks: tuple[NotebookProof, ...]
    versions: Mapping[str, tuple[str, str | None]]
    checked: int = 0
    environments: tuple[ProvenEnvironment, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every notebook ran with the same outputs, and every version is the locked one."""
        return all(n.ok for n in self.notebooks) and not self.versions

    @property
    def proposals(self) -> tuple[str, ...]:
        """Pins that would mend failed imports."""
        return tuple(sorted({n.proposed[0] for n in self.notebooks if n.proposed}))

    def to_json(self) -> dict[str, Any]:
        """Return the object of `verify --json` (DESIGN, contracts)."""
        return {
            "ok": self.ok,
            "target": self.target,
            "notebooks": [
                {
                    "path": n.path,
                    "ok": n.ok,
                    "compared": n.compared,
                    "differences": list(n.differences),
                    "changes": [change.to_json() for change in n.changes],
                    "proposed": n.proposed and {"pin": n.proposed[0], "cell": n.proposed[1]},
                }
                for n in self.notebooks
            ],
            "versions": {
                name: {"locked": locked, "found": found}
                for name, (locked, found) in self.versions.items()
            },
            "environments": [each.to_json() for each in self.environments],
        }
