"""A box that has no folder of the host's: what its main process needs lies in the box itself."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping

from jupyter_devbox.run.archive import add_files
from jupyter_devbox.run.runtime_dir import SHARED_IN_BOX


def files_archive(files: Mapping[str, bytes]) -> bytes:
    """Return the archive that, unpacked at ``/``, puts files where other boxes have a mount.

    They are root's, so that nothing in the box may change them, and all may read them.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        folder = SHARED_IN_BOX.lstrip("/")
        add_files(archive, {f"{folder}/{name}": content for name, content in files.items()})
    return buffer.getvalue()
