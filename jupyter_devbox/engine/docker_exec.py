"""A program in a container over the connection that Docker hands over to it.

After its HTTP answer the daemon speaks frames on the same connection: one byte names the stream,
three are empty, four hold the length. Reads block in the caller's thread, so nothing polls.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from dataclasses import replace
from typing import Any, Protocol

import requests
from docker import APIClient
from docker.errors import NotFound

from jupyter_devbox.engine.docker_errors import from_message, translated
from jupyter_devbox.engine.tls_stream import TlsStream
from jupyter_devbox.errors import EngineError
from jupyter_devbox.spec.container import ExecResult, ExecSpec

_STDERR = 2
_STDERR_KEPT = 64 * 1024
_FRAME = struct.Struct(">BxxxL")
_GONE = -1
_SETTLE_SECONDS = 1.0


class _Reader(Protocol):
    """The part of a buffered reader that is used here."""

    def read(self, size: int, /) -> bytes:
        """Block until `size` bytes or the end."""


class _Writer(Protocol):
    """The part of a socket that is used here."""

    def sendall(self, data: bytes, /) -> None:
        """Block until all is sent."""


class DockerExecStream:
    """Satisfies `ExecStream`. One thread reads; others may write and close.

    Parameters
    ----------
    client
        For the exit code.
    exec_id
        The program's identity within the engine.
    response
        The answer whose connection was handed over.
    stdin
        Whether the program was given a standard input.
    """

    def __init__(
        self, client: APIClient, exec_id: str, response: requests.Response, *, stdin: bool
    ) -> None:
        self._client = client
        self._exec_id = exec_id
        self._response = response
        self._stdin = stdin
        self._reader, self._writer, self._socket = _taken_over(response)
        self._stderr = bytearray()
        self._ended = False
        self._closed = False
        self._writing = threading.Lock()

    def write(self, data: bytes) -> None:
        """Send bytes to standard input."""
        with self._writing, translated():
            if self._closed or self._ended or not self._stdin:
                msg = "The program in the container takes no more input"
                raise EngineError(msg)
            try:
                self._writer.sendall(data)
            except (BrokenPipeError, ConnectionResetError) as error:
                msg = "The program in the container has ended"
                raise EngineError(msg) from error

    def close_stdin(self) -> None:
        """Half-close: what the program still prints can be read."""
        with self._writing:
            if self._stdin and not self._closed:
                self._stdin = False
                if isinstance(self._writer, TlsStream):
                    self._writer.half_close()
                else:
                    _shut(self._socket, socket.SHUT_WR)

    def read(self) -> bytes:
        """Return the next chunk of standard output; what comes on standard error is kept aside."""
        while not self._ended:
            try:
                kind, size = _FRAME.unpack(self._exactly(_FRAME.size))
                payload = self._exactly(size)
            except (EOFError, OSError, ValueError):  # ValueError: closed by another thread
                self._ended = True
                break
            if kind != _STDERR:
                return payload
            self._stderr += payload
            del self._stderr[:-_STDERR_KEPT]
        return b""

    def _exactly(self, size: int) -> bytes:
        """Return `size` bytes; raise EOFError if the connection ends before."""
        data = self._reader.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def stderr(self) -> str:
        """Return the end of standard error, as far as `read` has come across it."""
        return bytes(self._stderr).decode(errors="replace")

    def exit_code(self) -> int | None:
        """Return the exit code, None while the program runs, -1 if its container is gone.

        The connection ends a moment before the engine has noted the exit: after its end this waits
        a little for a number.
        """
        deadline = time.monotonic() + (_SETTLE_SECONDS if self._ended else 0)
        while True:
            code = self._state()
            if code is not None or time.monotonic() >= deadline:
                return code
            time.sleep(0.002)

    def _state(self) -> int | None:
        """Ask the engine once."""
        with translated():
            try:
                answer = self._client.exec_inspect(self._exec_id)
            except NotFound:
                return _GONE
        # Before its process exists an exec neither runs nor has a code.
        return None if answer["Running"] else answer["ExitCode"]

    def close(self) -> None:
        """Let go of the connection; a reader in another thread wakes and sees the end."""
        if self._closed:
            return
        self._closed = True
        _shut(self._socket, socket.SHUT_RDWR)
        self._response.close()


def open_stream(client: APIClient, container: str, spec: ExecSpec) -> DockerExecStream:
    """Start a program in a running container and return its streams."""
    exec_id = client.exec_create(
        container,
        list(spec.command),
        stdin=spec.stdin,
        user=spec.user,
        workdir=spec.workdir or None,
        environment=dict(spec.env) or None,
    )["Id"]
    response = client.post(
        f"{client.base_url}/v{client.api_version}/exec/{exec_id}/start",
        json={"Detach": False, "Tty": False},
        headers={"Connection": "Upgrade", "Upgrade": "tcp"},
        stream=True,
        timeout=client.timeout,
    )
    if not response.ok:
        with response:
            said = str(response.json().get("message") or response.reason)
        raise from_message(said)
    return DockerExecStream(client, exec_id, response, stdin=spec.stdin)


def run_to_end(client: APIClient, container: str, spec: ExecSpec, stdin: bytes) -> ExecResult:
    """Run a program, feed it `stdin`, and return what it printed and how it ended."""
    stream = open_stream(client, container, replace(spec, stdin=spec.stdin or bool(stdin)))
    feeder = threading.Thread(target=_feed, args=(stream, stdin), name="devbox-exec-stdin")
    try:
        feeder.start()
        chunks = []
        while chunk := stream.read():
            chunks.append(chunk)
        pause = 0.002
        while (code := stream.exit_code()) is None:  # it closed its output and goes on
            time.sleep(pause := min(2 * pause, 0.1))
    finally:
        stream.close()
        feeder.join()
    output = b"".join(chunks).decode(errors="replace")
    return ExecResult(exit_code=code, stdout=output, stderr=stream.stderr())


def _feed(stream: DockerExecStream, data: bytes) -> None:
    """Write all input and end it; a program that does not want it all is no error."""
    try:
        if data:
            stream.write(data)
        stream.close_stdin()
    except EngineError:
        return


def _taken_over(response: requests.Response) -> tuple[_Reader, _Writer, socket.socket]:
    """Return both directions of the connection behind an answer, and its socket.

    The reader is http.client's own, which may hold the first frames already: the SDK's
    ``exec_start(socket=True)`` goes around it and can lose them.
    """
    raw: Any = response.raw
    reader = raw._fp.fp  # noqa: SLF001  # no public way; the SDK does the same
    sock: socket.socket = raw.connection.sock
    if not isinstance(sock, ssl.SSLSocket):
        sock.settimeout(None)
        return reader, sock, sock
    sock.setblocking(False)  # noqa: FBT003  # so that `peek` returns what there is
    try:
        first = reader.peek(1)
    except ssl.SSLWantReadError:
        first = b""
    stream = TlsStream(sock, first)
    return stream, stream, sock


def _shut(sock: socket.socket, how: int) -> None:
    """Shut one or both directions; a peer that is gone already is no error."""
    try:
        sock.shutdown(how)
    except OSError:
        return
