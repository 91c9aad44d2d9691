"""Say in one calm line what is done, keep long outputs in log files, show their end on failure.

Everything in this folder runs before anything is installed: standard library only.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOGS = VENV / "log"


class CiError(Exception):
    """A step cannot go on; the message names the cause, the hint is the next command.

    Parameters
    ----------
    message
        One sentence for a person.
    hint
        What to type next; empty when there is nothing to type.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def in_ci() -> bool:
    """Tell whether a missing engine is an error (``CI=true``) or a thing to say aloud."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def is_root() -> bool:
    """Tell whether this process may install packages; never on Windows."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def say(text: str) -> None:
    """Print one line at once, in order with the output of programs started from here."""
    print(text, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print ``title`` with the seconds it took, once it has succeeded."""
    begun = time.monotonic()
    yield
    say(f"  {title} ({time.monotonic() - begun:.1f} s)")


def ask(
    argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None, wait: float = 20
) -> str | None:
    """Return what a quick command prints, or None where it is missing, fails or hangs."""
    try:
        done = subprocess.run(
            [str(word) for word in argv],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=wait,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def logged(
    name: str,
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    check: bool = True,
    lines: int = 15,
) -> bool:
    """Run a command whose long output goes to ``.venv/log/NAME.log``; return whether it succeeded.

    Raises
    ------
    CiError
        If the command fails and ``check`` is set: with the command and the log's last lines.
    """
    words = [str(word) for word in argv]
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    with log.open("ab") as out:
        if is_root():  # after `sudo …` the ordinary user must still be able to write here
            for path in (VENV, LOGS, log):
                os.chown(path, ROOT.stat().st_uid, ROOT.stat().st_gid)
        out.write(f"\n$ {shlex.join(words)}\n".encode())
        out.flush()
        start = out.tell()
        try:
            done = subprocess.run(
                words,
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                check=False,
            )
        except OSError as error:
            message = f"cannot start `{shlex.join(words)}`: {error.strerror}"
            raise CiError(message) from error
    if done.returncode and check:
        end_of_log = tail(log, start, lines)
        message = f"`{shlex.join(words)}` ended with exit code {done.returncode}:\n{end_of_log}"
        raise CiError(message, f"the whole log: {log}")
    return done.returncode == 0


def tail(log: Path, start: int = 0, lines: int = 15) -> str:
    """Return the last lines that a log gained after byte ``start``, indented."""
    with log.open("rb") as handle:
        handle.seek(start)
        text = handle.read().decode(errors="replace")
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])


def end(error: CiError) -> int:
    """Print an error and its hint to stderr; return the exit status for it."""
    sys.stdout.flush()
    print(f"error: {error}", file=sys.stderr)
    if error.hint:
        print(f"next:  {error.hint}", file=sys.stderr)
    return 1
