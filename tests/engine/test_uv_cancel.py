"""Installing into a virtual environment can be stopped: the button is the image build's own."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from jupyter_devbox.engine.uv import install_lock
from jupyter_devbox.errors import BuildCancelledError, IndexUnreachableError

LOCK = f"nosuchpackage==1.0 --hash=sha256:{'0' * 64}\n"
DEAD = {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "UV_NO_CACHE": "1"}


def test_a_slow_installation_is_stopped(tmp_path):
    lock = tmp_path / "requirements.txt"
    lock.write_text(LOCK)
    cancel = threading.Event()
    threading.Timer(0.5, cancel.set).start()
    begin = time.monotonic()
    with pytest.raises(BuildCancelledError):
        install_lock(Path(sys.executable), lock, wheels=None, index=DEAD, cancel=cancel)
    # uv itself would try for seven seconds.
    assert time.monotonic() - begin < 5


def test_a_dead_index_is_named(tmp_path):
    lock = tmp_path / "requirements.txt"
    lock.write_text(LOCK)
    with pytest.raises(IndexUnreachableError):
        install_lock(
            Path(sys.executable), lock, wheels=None, index={**DEAD, "UV_HTTP_RETRIES": "0"}
        )
