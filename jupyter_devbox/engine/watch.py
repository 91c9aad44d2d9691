"""What every builder needs: its common options, what its output must not show, why it failed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from jupyter_devbox.engine.redact import (
    PROXY_VARIABLES,
    Redactor,
    has_login,
    netrc_passwords,
    secrets_in,
)
from jupyter_devbox.errors import BuildCancelledError, BuildStepError
from jupyter_devbox.spec.container import BuildRequest
from jupyter_devbox.spec.events import StepEvent

LINES_KEPT = 20


def redactor(env: Mapping[str, str], secrets: Mapping[str, str]) -> Redactor:
    """Return what hides a build's own secrets: passwords of proxies and of its netrc file.

    Parameters
    ----------
    env
        The builder's environment.
    secrets
        The build's secrets: id → path of the file.
    """
    known = [*secrets_in(env)]
    if "netrc" in secrets:
        with suppress(OSError):
            known += netrc_passwords(Path(secrets["netrc"]).read_text(errors="replace"))
    return Redactor(known)


def build_options(request: BuildRequest, env: Mapping[str, str]) -> list[str]:
    """Return the options that all builders spell alike. No value of a proxy is among them.

    A proxy with a login is no argument of the build, for the engine keeps those in its history.
    """
    proxies = [
        name
        for name in PROXY_VARIABLES
        if (value := env.get(name)) and name not in request.args and not has_login(value)
    ]
    return [
        f"--file={Path(request.context, request.dockerfile)}",
        *([f"--tag={request.tag}"] if request.tag else []),
        *(["--no-cache"] if request.no_cache else []),
        *(f"--build-arg={key}={value}" for key, value in sorted(request.args.items())),
        *(f"--build-arg={name}" for name in proxies),
        *(f"--label={key}={value}" for key, value in sorted(request.labels.items())),
    ]


def cancelled() -> BuildCancelledError:
    """Return the error for a build that was stopped."""
    message = "The build was stopped; its finished steps are kept"
    return BuildCancelledError(message, hint="build again: it goes on from there")


class BuildWatch:
    """Hands events on, and remembers what explains a failure."""

    def __init__(self, on_step: Callable[[StepEvent], None]) -> None:
        self._on_step = on_step
        self._lines: dict[str, deque[str]] = {}
        self._failed: list[StepEvent] = []

    def see(self, events: Iterable[StepEvent]) -> None:
        """Report each event in order."""
        for event in events:
            if event.line:
                self._lines.setdefault(event.step, deque(maxlen=LINES_KEPT)).append(event.line)
            if event.status == "failed":
                self._failed.append(event)
            self._on_step(event)

    def failure(self, reason: str, text: tuple[str, ...] = ()) -> BuildStepError:
        """Return the error for the step that failed first, else for the builder's own reason.

        Parameters
        ----------
        reason
            Why it ended, where that was no step's fault.
        text
            What the builder said besides.
        """
        # Steps that ran beside the failing one are reported as failed too: as cancelled.
        causes = [each for each in self._failed if not each.stopped]
        if not causes:
            return BuildStepError(
                f"The image could not be built: `{reason}`", details=text[-LINES_KEPT:]
            )
        step = causes[0]
        lines = tuple(self._lines.get(step.step, ()))
        details = (*lines, *([] if step.error in lines else [step.error]))[-LINES_KEPT:]
        return BuildStepError(f"A step of the build failed: `{step.name}`", details=details)
