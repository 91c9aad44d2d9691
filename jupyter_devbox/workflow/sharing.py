"""Which links open a project elsewhere, by what Git last heard of the host."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_devbox.engine import git
from jupyter_devbox.errors import EngineError
from jupyter_devbox.files.build_files import read_build_files
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.spec import binder
from jupyter_devbox.spec.remotes import Remote, parse_remote
from jupyter_devbox.spec.sharing import Offer, SharingFacts, Stand, offers
from jupyter_devbox.spec.target_files import CPU

_BINDER_FILES = ("Dockerfile", "environment.yml", "Pipfile", "requirements.txt", "setup.py")
"""Files at the top by which repo2docker picks a build pack (repo2docker, "Configuration files")."""
_KEPT = re.compile(r"\.yours(-[0-9]+)?$|(^|/)\.env[^/]*$|\.env$")
"""A user's file that gave way to ours, and secrets: nobody else needs them."""
_USUAL = {"main", "master"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """A project's links; `remote` is None where others find it nowhere."""

    project: Project
    remote: Remote | None
    branch: str
    offers: tuple[Offer, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the object of `share --json`."""
        remote = self.remote
        found = {"host": remote.host, "path": remote.path, "url": remote.address} if remote else {}
        return {
            "project": str(self.project.root),
            "repository": {**found, "branch": self.branch} if remote else None,
            "offers": [offer.to_json() for offer in self.offers],
        }


def sharing(project: Project) -> Sharing:
    """Return how a project can be opened elsewhere; changes nothing, and asks no network.

    Raises
    ------
    FileError
        The project's container files cannot be read.
    """
    facts = _facts(project.root)
    return Sharing(project=project, remote=facts.remote, branch=facts.branch, offers=offers(facts))


def _facts(root: Path) -> SharingFacts:
    container = [f.path for f in read_build_files(root).files if not _KEPT.search(f.path)]
    container = container if CPU.configuration in container else []
    for_binder = _binder_files(root)
    common: dict[str, Any] = {
        "folder": str(root),
        "notebooks": read_environment(root).notebooks,
        "container": "changed" if container else "absent",
        "binder": "changed" if for_binder else "absent",
    }
    try:
        inner = git.place_in_repository(root)
    except EngineError:
        common |= {"problem": "Git isn't installed", "remedy": "install git"}
        return SharingFacts(**common)
    if inner is None:
        problem, remedy = _no_repository(root)
        return SharingFacts(**common, problem=problem, remedy=remedy)
    branch = git.branch(root)
    named, there = git.upstream(root, branch) if branch else ("", "")
    remotes = git.remotes(root)
    name = _chosen(remotes, named)
    common |= _remote(remotes.get(name))
    seen = there if there and named == name else branch
    default = git.default_branch(root, name) if name else ""
    stands = _Stands(root, f"refs/remotes/{name}/{seen}" if name and seen else "")
    how, changed = stands.of(container)
    return SharingFacts(
        **{**common, "container": how, "binder": stands.of(for_binder if not inner else [])[0]},
        branch=seen,
        is_default=seen == default if default else seen in _USUAL,
        inner=inner,
        changed=changed,
    )


def _no_repository(root: Path) -> tuple[str, str]:
    """Return why Git knows none, and what to do."""
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), None)
    if top is None:
        return "The project is in no Git repository", "git init"
    trust = ("git", "config", "--global", "--add", "safe.directory", str(top))
    return f"Git does not read this repository, as for another owner's: `{top}`", shlex.join(trust)


def _chosen(remotes: Mapping[str, str], named: str) -> str:
    """Return the remote that is meant: the branch's own, else origin, else the only one."""
    usual = [name for name in (named, "origin") if name in remotes]
    return usual[0] if usual else next(iter(remotes), "") if len(remotes) == 1 else ""


def _remote(address: str | None) -> dict[str, Any]:
    remote = parse_remote(address) if address else None
    if remote is not None:
        return {"remote": remote}
    if address is None:
        return {
            "problem": "The repository has no remote, so nobody else finds it",
            "remedy": "git remote add origin ADDRESS",
        }
    told = "The remote is no address that others could open"
    return {"problem": told, "remedy": "git remote set-url origin ADDRESS"}


class _Stands:
    """Compares files of the project with the last commit, and with what was pushed."""

    def __init__(self, root: Path, pushed: str) -> None:
        self._root = root
        self._pushed = pushed

    def of(self, files: list[str]) -> tuple[Stand, str]:
        """Return how files stand, and one of them that is not in a commit as it is."""
        if not files:
            return "absent", ""
        mine = git.ids_of(self._root, files) or dict.fromkeys(files, "")
        if self._pushed and not self._differing(self._pushed, mine):
            return "pushed", ""
        changed = self._differing("HEAD", mine)
        return ("changed", changed) if changed else ("committed", "")

    def _differing(self, commit: str, mine: Mapping[str, str]) -> str:
        theirs = git.objects(self._root, commit, mine) or {}
        return next((path for path, own in mine.items() if theirs.get(path) != own), "")


def _binder_files(root: Path) -> list[str]:
    """Return the files by which Binder would make an environment; its folder hides the others."""
    for name in (binder.FOLDER, binder.RIVAL):
        if (root / name).is_dir():
            found = (path for path in (root / name).rglob("*") if path.is_file())
            return sorted(path.relative_to(root).as_posix() for path in found)
    return [name for name in _BINDER_FILES if (root / name).is_file()]
