"""A box that has no folder of the host's: what its main process needs lies in the box itself."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping

from jupyter_devbox.run.runtime_dir import SHARED_IN_BOX


def files_archive(files: Mapping[str, bytes]) -> bytes:
    """Return the archive that, unpacked at ``/``, puts files where other boxes have a mount.

    They are root's, so that nothing in the box may change them, and all may read them.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"{SHARED_IN_BOX.lstrip('/')}/{name}")
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
