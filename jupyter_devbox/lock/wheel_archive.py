"""Write a pure wheel: the same files give the same bytes."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping

from jupyter_devbox.spec.lock import WheelFile

_EPOCH = (1980, 1, 1, 0, 0, 0)


def pure_wheel(
    name: str, version: str, files: Mapping[str, bytes], requires: tuple[str, ...] = ()
) -> WheelFile:
    """Return a wheel of these files (packaging.python.org, binary distribution format).

    Parameters
    ----------
    name, version
        As they stand in METADATA.
    files
        Path in site-packages → content.
    requires
        Requirements that METADATA names.
    """
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    contents = dict(sorted(files.items()))
    contents[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}".encode()
    )
    contents[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: jupyter-devbox\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = "".join(f"{_field(path)},{_digest(c)},{len(c)}\n" for path, c in contents.items())
    contents[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    buffer = io.BytesIO()
    # Stored, not deflated: what zlib makes of the same bytes differs from machine to machine.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, content in contents.items():
            entry = zipfile.ZipInfo(path, date_time=_EPOCH)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            archive.writestr(entry, content)
    return WheelFile(filename=f"{stem}-py3-none-any.whl", content=buffer.getvalue())


def _field(path: str) -> str:
    """Return a CSV field."""
    quote = '"'
    return f'"{path.replace(quote, quote * 2)}"' if any(c in path for c in ',"\n') else path


def _digest(data: bytes) -> str:
    """Return a RECORD digest (packaging.python.org, recording installed projects)."""
    encoded = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
    return f"sha256={encoded.decode()}"
