"""Our own wheel, made from the installed files: the notebook's own magics must run in the box."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from importlib import resources
from pathlib import Path

from jupyter_devbox._version import __version__
from jupyter_devbox.spec.lock import WheelFile

_SUFFIXES = {".py", ".json", ".typed"}
_EPOCH = (1980, 1, 1, 0, 0, 0)


def own_wheel() -> WheelFile:
    """Return jupyter-devbox as a pure wheel, the same bytes each time.

    It holds Python and data files alone: no lab extension, no server configuration and no
    provisioner entry point, for in the box there is no engine.
    """
    package = Path(str(resources.files(__package__.partition(".")[0])))
    files = {
        f"jupyter_devbox/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.suffix in _SUFFIXES and "labextension" not in path.parts
    }
    info = f"jupyter_devbox-{__version__}.dist-info"
    files[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: jupyter-devbox\nVersion: {__version__}\n"
        "Requires-Dist: ipython\n"
    ).encode()
    files[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: jupyter-devbox\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = "".join(f"{name},{_digest(data)},{len(data)}\n" for name, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    filename = f"jupyter_devbox-{__version__}-py3-none-any.whl"
    return WheelFile(filename=filename, content=buffer.getvalue())


def _digest(data: bytes) -> str:
    """Return a RECORD digest (packaging.python.org, recording installed projects)."""
    encoded = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
    return f"sha256={encoded.decode()}"
