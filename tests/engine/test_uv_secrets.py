"""What uv says is shown to the user: never with the index's login."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from jupyter_devbox.engine import uv
from jupyter_devbox.engine.process import ProcessResult
from jupyter_devbox.errors import EngineError

SAID = "error: 403 at https://ada:p@ss-w0rd@index.example/simple/numpy/"


@pytest.mark.parametrize("said", [SAID, f"Failed to fetch {SAID}"])
def test_no_login_in_an_installation_that_failed(monkeypatch, tmp_path, said):
    """A password may itself hold an @."""
    failed = ProcessResult(command=("uv",), exit_code=1, stdout="", stderr=said)
    monkeypatch.setattr(uv, "_cancellable", lambda *_: failed)
    with pytest.raises((EngineError, uv.IndexUnreachableError)) as caught:
        uv.install_lock(Path(sys.executable), tmp_path / "requirements.txt", wheels=None)
    shown = " ".join(caught.value.details)
    assert "index.example/simple/numpy" in shown
    assert "ss-w0rd" not in shown
    assert "ada" not in shown
