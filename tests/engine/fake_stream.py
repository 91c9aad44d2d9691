"""The open streams of a program of the fake engine's."""

from __future__ import annotations

import subprocess
from pathlib import Path

from jupyter_devbox.errors import EngineError


def exit_code(status: int | None) -> int | None:
    """Return an exit code as a shell counts it: 128 + signal."""
    return 128 - status if status is not None and status < 0 else status


class FakeStream:
    """Satisfies `ExecStream`."""

    def __init__(self, process: subprocess.Popen[bytes], errors: Path) -> None:
        self._process, self._errors = process, errors

    def write(self, data: bytes) -> None:
        stdin = self._process.stdin
        if stdin is None or stdin.closed:
            raise EngineError("no input")
        try:
            stdin.write(data)
            stdin.flush()
        except BrokenPipeError as error:
            raise EngineError("ended") from error

    def close_stdin(self) -> None:
        if self._process.stdin is not None:
            try:
                self._process.stdin.close()
            except BrokenPipeError:
                return

    def read(self) -> bytes:
        stdout = self._process.stdout
        assert stdout is not None
        data = b"" if stdout.closed else stdout.read1(65536)
        if not data:
            self._process.wait()
        return data

    def stderr(self) -> str:
        return self._errors.read_bytes()[-64 * 1024 :].decode(errors="replace")

    def exit_code(self) -> int | None:
        return exit_code(self._process.poll())

    def close(self) -> None:
        self.close_stdin()
        if self._process.stdout is not None and self._process.poll() is not None:
            self._process.stdout.close()
