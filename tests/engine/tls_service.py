"""Docker's own socket behind TCP and TLS, on this machine alone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS = 20


@contextmanager
def tls_service(folder: Path, address: str) -> Iterator[dict[str, str]]:
    """Listen with certificates and pass on to a socket; yield the environment that leads there."""
    certificates(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = f"bind=127.0.0.1,cert={folder}/server.pem,cafile={folder}/ca.pem,verify=1"
    listen = f"OPENSSL-LISTEN:{port},{options},fork,reuseaddr"
    service = subprocess.Popen(
        # A half-closed connection lives on for an hour, not for socat's half second.
        ["socat", "-t", "3600", listen, f"UNIX-CONNECT:{address}"],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _await(port)
        yield {
            "DOCKER_HOST": f"tcp://127.0.0.1:{port}",
            "DOCKER_TLS_VERIFY": "1",
            "DOCKER_CERT_PATH": str(folder),
        }
    finally:
        os.killpg(service.pid, signal.SIGTERM)  # its connections have processes of their own
        service.wait(SECONDS)


def _await(port: int) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline, "nothing listens"
            time.sleep(0.05)
        else:
            return


def certificates(folder: Path) -> None:
    """Make an authority and certificates by it: `cert.pem` and `key.pem` as Docker names them."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    authority = ("-x509", "-days", "2", "-subj", "/CN=authority")
    openssl("req", *key, *authority, "-keyout", "ca-key.pem", "-out", "ca.pem")
    for name, extension in (
        ("server", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth"),
        ("client", "extendedKeyUsage=clientAuth"),
    ):
        (folder / f"{name}.ext").write_text(extension)
        openssl(
            *("req", *key, "-subj", f"/CN={name}"),
            *("-keyout", f"{name}-key.pem", "-out", f"{name}.csr"),
        )
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca-key.pem"),
            *("-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext"),
            *("-out", f"{name}-cert.pem"),
        )
    both = (folder / "server-cert.pem").read_text() + (folder / "server-key.pem").read_text()
    (folder / "server.pem").write_text(both)
    (folder / "client-cert.pem").rename(folder / "cert.pem")
    (folder / "client-key.pem").rename(folder / "key.pem")
