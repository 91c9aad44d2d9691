"""Build an image: the engine's steps become phases, the log is kept, a failure gets its cause."""

from __future__ import annotations

import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from jupyter_devbox.build.fixes import diagnose
from jupyter_devbox.build.phases import PhaseTracker
from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import BuildCancelledError, BuildError, BuildStepError
from jupyter_devbox.spec.container import BuildRequest, ImageInfo
from jupyter_devbox.spec.events import BuildEvent, StepEvent

_LINES_DIAGNOSED = 500
_LINES_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """A finished build."""

    image: ImageInfo
    seconds: float
    log: Path


def build_image(
    engine: Engine,
    request: BuildRequest,
    *,
    on_event: Callable[[BuildEvent], None],
    cancel: threading.Event,
    log_path: Path,
    packages: int = 0,
) -> BuildResult:
    """Build an image, report its phases from the calling thread, and keep the whole log.

    Called by `workflow`, in a thread where there is an event loop.

    Parameters
    ----------
    on_event
        Receives every phase and every log line; what it raises ends the build.
    cancel
        Stops the build when it is set.
    log_path
        In Jupyter's data folder, never in the project; readable by this user alone.
    packages
        How many packages the lock has, for the bar; 0 if unknown.

    Raises
    ------
    BuildStepError
        With cause and next command where the failure is a known one; `details` are the step's
        last lines and the log's path.
    BuildCancelledError
        `cancel` was set.
    """
    begun = time.monotonic()
    tracker = PhaseTracker(packages)
    tails: dict[str, deque[str]] = {}
    with _opened(log_path) as log:

        def on_step(step: StepEvent) -> None:
            log.write(step)
            if step.line or step.error:
                tail = tails.setdefault(step.step, deque(maxlen=_LINES_DIAGNOSED))
                tail.append(step.line or step.error)
            _tell(tracker.see(step), on_event)

        try:
            image = engine.build(request, on_step, cancel)
        except BuildCancelledError as error:
            msg = f"Stopped at {tracker.current}; the finished steps are kept"
            raise BuildCancelledError(msg, hint="run it again: it goes on from there") from error
        except BuildStepError as error:
            log.say(*error.details[-1:])
            _tell(tracker.fail(), on_event)
            raise _explained(error, tracker, tails, log_path) from error
        _tell(tracker.finish(), on_event)
    return BuildResult(image=image, seconds=time.monotonic() - begun, log=log_path)


def _tell(events: list[BuildEvent], on_event: Callable[[BuildEvent], None]) -> None:
    for event in events:
        on_event(event)


def _explained(
    error: BuildStepError, tracker: PhaseTracker, tails: dict[str, deque[str]], log_path: Path
) -> BuildStepError:
    """Return the error in the user's words: phase, cause, cure, last lines, log."""
    seen = next(
        (tail for tail in tails.values() if error.details and error.details[-1] in tail), ()
    )
    fix = diagnose([*seen, *error.details, error.message], tracker.current)
    cause = fix.cause if fix else _last_word(error)
    hint = fix.hint if fix else "read the log, then run it again: it goes on from there"
    return BuildStepError(
        f"Build failed at {tracker.current}: {cause}",
        hint=hint,
        details=(*error.details[-_LINES_SHOWN:], f"Full log: {log_path}"),
    )


def _last_word(error: BuildStepError) -> str:
    """Return what there is to say about a failure that nobody knows."""
    text = " ".join(error.details[-1:]) or error.message
    if code := re.search(r"did not complete successfully: (exit code: \d+)", text):
        return f"a command ended with {code[1]}"
    return text[:300]


class _Log:
    """The log of one build. A disk that fills up costs the log's rest, not the build."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._numbers: dict[str, int] = {}

    def write(self, step: StepEvent) -> None:
        """Add what a step reports; transfers are left out."""
        number = self._numbers.setdefault(step.step, len(self._numbers) + 1)
        if step.line:
            self.say(f"#{number} {step.line}")
        elif step.status == "started":
            self.say(f"#{number} {step.name}")
        elif step.status == "failed":
            self.say(f"#{number} ERROR {step.error}")
        elif step.status == "done":
            took = "CACHED" if step.cached else f"DONE {step.seconds or 0:.1f} s"
            self.say(f"#{number} {took}")

    def say(self, *lines: str) -> None:
        """Add lines of text."""
        for line in lines:
            with suppress(OSError):
                self._file.write(f"{line}\n")


@contextmanager
def _opened(path: Path) -> Iterator[_Log]:
    """Open a new log, line by line on disk, for this user's eyes only."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        msg = f"The build's log can't be written ({error.strerror}): `{path}`"
        raise BuildError(msg, hint="jupyter devbox doctor") from error
    file = os.fdopen(number, "w", encoding="utf-8", errors="replace", buffering=1)
    try:
        yield _Log(file)
    finally:
        with suppress(OSError):
            file.close()
