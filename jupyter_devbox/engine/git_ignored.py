"""Which files Git will leave out of a commit."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from jupyter_devbox.engine.process import run_process
from jupyter_devbox.errors import EngineError


def ignored(folder: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Return those of a folder's files, there or not yet, that Git ignores and does not track.

    Nothing that the repository's own settings name is run: no hook, and no monitor. () where there
    is no Git, or no repository.
    """
    words = ["git", "-c", "core.fsmonitor=false", "-C", str(folder)]
    env = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = run_process(
            [*words, "check-ignore", "-z", "--stdin"], stdin="\0".join(paths), env=env, timeout=20.0
        )
    except EngineError:
        return ()
    return tuple(filter(None, done.stdout.split("\0"))) if done.exit_code == 0 else ()
