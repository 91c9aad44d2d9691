"""What a use case needs to know of the machine it runs on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.ledger import Ledger
from jupyter_devbox.ledger.approvals import Approvals


def _connect() -> Engine:
    from jupyter_devbox.engine.detect import connect  # noqa: PLC0415  (docker costs 0.3 s)

    return connect()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The machine, as far as use cases look at it.

    Parameters
    ----------
    home
        The user's home folder.
    env
        This process's environment; read for certificates, indexes and proxies alone.
    data
        Our folder below Jupyter's data folder: ledger, logs, virtual environments.
    kernels
        Folder of the user's kernelspecs.
    python
        Interpreter that has jupyter_devbox.
    connect
        Finds the engine; raises an `EngineError` that says what is missing.
    """

    home: Path
    env: Mapping[str, str]
    data: Path
    kernels: Path
    python: str = sys.executable
    connect: Callable[[], Engine] = field(default=_connect)

    @property
    def ledger(self) -> Ledger:
        """What we made on this machine."""
        return Ledger(self.data / "ledger")

    @property
    def approvals(self) -> Approvals:
        """What the user approved of each project."""
        return Approvals(self.data / "trust")

    @property
    def logs(self) -> Path:
        """Where build logs are kept."""
        return self.data / "logs"

    @property
    def builds(self) -> Path:
        """Where the server keeps what it knows of its builds."""
        return self.data / "builds"

    @property
    def ca_bundle(self) -> str:
        """Path of the certificates this machine trusts, if its owner named any; else ""."""
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT"):
            value = self.env.get(name, "")
            if value and Path(value).is_file():
                return value
        return ""


def this_machine(connect: Callable[[], Engine] | None = None) -> Context:
    """Return the context of the machine we run on."""
    from jupyter_core.paths import jupyter_data_dir  # noqa: PLC0415  (magics load quickly)

    data = Path(jupyter_data_dir())
    return Context(
        home=Path.home(),
        env=dict(os.environ),
        data=data / "devbox",
        kernels=data / "kernels",
        connect=connect or _connect,
    )
