"""A program of this machine that answers line by line, as long as it is asked."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import suppress
from tempfile import TemporaryFile
from threading import Timer

from jupyter_devbox.errors import EngineError

_GRACE = 2.0


class Dialogue:
    """One program, started without a shell; `close` ends it.

    Parameters
    ----------
    command
        Program and arguments. It prints one line for each that it reads, and ends with its input.

    Raises
    ------
    EngineError
        The program is missing or may not be run.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._errors = TemporaryFile()  # noqa: SIM115  # as long as the program
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
            )
        except OSError as error:
            self._errors.close()
            message = f"A program cannot be started ({error.strerror}): `{command[0]}`"
            raise EngineError(message, hint="jupyter devbox doctor") from error

    def ask(self, line: str, seconds: float) -> str:
        """Return the answer to a line; "" if the program ended, or took too long and was killed."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            return ""
        watch = Timer(seconds, self._process.kill)
        watch.start()
        try:
            stdin.write(line.encode() + b"\n")
            stdin.flush()
            answer = stdout.readline()
        except OSError:  # it ended
            return ""
        finally:
            watch.cancel()
        return answer.decode(errors="replace") if answer.endswith(b"\n") else ""

    def complaint(self) -> tuple[str, ...]:
        """Return the last lines that it printed on standard error."""
        self._errors.seek(0)
        return tuple(self._errors.read().decode(errors="replace").splitlines()[-5:])

    def close(self) -> None:
        """End it: by the end of its input, else by force."""
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()
