"""Files on their way into a container."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping


def add_files(archive: tarfile.TarFile, files: Mapping[str, bytes]) -> None:
    """Add files to an archive that is unpacked at ``/``: root's, and all may read them."""
    for name, content in files.items():
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), 0o644
        archive.addfile(entry, io.BytesIO(content))
