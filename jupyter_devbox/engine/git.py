"""Ask Git about a repository, without running anything that the repository's own settings name.

A box may write its project's ``.git/config``. Only commands that look at refs, objects and settings
are used: they run no hook, no filter and no monitor; and what Git might fetch on the way, for an
object that a partial clone lacks, has no protocol left to come by (git(1), GIT_ALLOW_PROTOCOL).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from jupyter_devbox.engine.process import run_process

_SECONDS = 20.0
_QUIET = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C",
}


def place_in_repository(folder: Path) -> str | None:
    """Return a folder's path below its repository's top, "" for the top; None if it is in none.

    Raises
    ------
    EngineError
        Git is missing, as in all functions here.
    """
    said = _git(folder, "rev-parse", "--show-prefix")
    return None if said is None else said.removesuffix("\n").removesuffix("/")


def branch(folder: Path) -> str:
    """Return the branch that is checked out; "" for none."""
    return (_git(folder, "symbolic-ref", "--quiet", "--short", "HEAD") or "").strip()


def remotes(folder: Path) -> dict[str, str]:
    """Return the remotes' names and addresses, as the settings have them."""
    said = _git(folder, "config", "--null", "--get-regexp", r"^remote\..*\.url$") or ""
    pairs = (entry.partition("\n") for entry in said.split("\0") if entry)
    return {key.removeprefix("remote.").removesuffix(".url"): url for key, _, url in pairs}


def upstream(folder: Path, name: str) -> tuple[str, str]:
    """Return a branch's remote and its name there, as the settings have them; "" for unknown."""
    remote = _git(folder, "config", "--get", f"branch.{name}.remote") or ""
    merge = _git(folder, "config", "--get", f"branch.{name}.merge") or ""
    return remote.strip(), merge.strip().removeprefix("refs/heads/")


def default_branch(folder: Path, remote: str) -> str:
    """Return the branch that a clone of a remote has first, as it was when last heard; "" if never.

    Only `git clone` and `git remote set-head` ask for it.
    """
    start = f"refs/remotes/{remote}/"
    head = _git(folder, "symbolic-ref", "--quiet", f"{start}HEAD") or ""
    return head.strip().removeprefix(start)


def objects(folder: Path, commit: str, paths: Iterable[str]) -> dict[str, str] | None:
    """Return path → object id of the files that a commit has below paths; None if it is unknown.

    Parameters
    ----------
    commit
        A full name, such as ``HEAD`` or ``refs/remotes/origin/main``.
    paths
        Relative to `folder`, as the answer's.
    """
    known = _git(folder, "rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}")
    if known is None:
        return None
    said = _git(folder, "ls-tree", "-r", "-z", known.strip(), "--", *paths) or ""
    rows = (row.partition("\t") for row in said.split("\0") if row)
    return {path: head.split()[2] for head, _, path in rows}


def ids_of(folder: Path, paths: Iterable[str]) -> dict[str, str] | None:
    """Return path → the object id that each file of a folder would have; None if one is gone."""
    names = list(paths)
    if not names:
        return {}
    said = _git(folder, "hash-object", "--no-filters", "--", *names)
    found = (said or "").split()
    return dict(zip(names, found, strict=True)) if len(found) == len(names) else None


def _git(folder: Path, *words: str) -> str | None:
    """Return what Git prints; None where it says no."""
    done = run_process(["git", "-C", str(folder), *words], env=_QUIET, timeout=_SECONDS)
    return done.stdout if done.exit_code == 0 else None
