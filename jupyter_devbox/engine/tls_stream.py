"""Both directions of a TLS connection for two threads, one that reads and one that writes.

OpenSSL allows one call at a time on a connection (its `openssl-threads` manual), and a blocked
read would keep every write waiting. So calls never block and take turns, and whoever has to wait
waits for the socket, outside of the lock.
"""

from __future__ import annotations

import select
import ssl
import threading
from contextlib import suppress

_CHUNK = 1 << 16


class TlsStream:
    """A connection that http.client has handed over.

    Parameters
    ----------
    sock
        The connection.
    first
        What was read from it already.
    """

    def __init__(self, sock: ssl.SSLSocket, first: bytes) -> None:
        self._sock = sock
        self._buffer = bytearray(first)
        self._lock = threading.Lock()
        self._sock.setblocking(False)  # noqa: FBT003  # the standard library's signature

    def read(self, size: int) -> bytes:
        """Wait for `size` bytes; fewer at the end of the stream."""
        while len(self._buffer) < size:
            with self._lock:
                chunk = self._receive()
            if chunk == b"":
                break
            if chunk is None:
                select.select([self._sock], [], [])
            else:
                self._buffer += chunk
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _receive(self) -> bytes | None:
        """Return what is there now; None for nothing yet, b"" at the end."""
        try:
            return self._sock.recv(_CHUNK)
        except ssl.SSLWantReadError:
            return None
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""

    def sendall(self, data: bytes) -> None:
        """Send everything; raises `OSError` when nobody takes it any more."""
        rest = memoryview(data)
        while rest:
            with self._lock:
                try:
                    rest = rest[self._sock.send(rest) :]
                    continue
                except ssl.SSLWantWriteError:
                    pass
            select.select([], [self._sock], [])

    def half_close(self) -> None:
        """Say that nothing more will be sent; the other direction stays open.

        Python's only way to send that message also looks for the other side's. So what has come
        is taken in before: OpenSSL drops data that it meets there.
        """
        with self._lock:
            while chunk := self._receive():
                self._buffer += chunk
            with suppress(ssl.SSLError, OSError, ValueError):
                self._sock._sslobj.shutdown()  # type: ignore[attr-defined]  # noqa: SLF001
