"""Where nobody approved a project, resolving runs none of its packages' code."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from jupyter_devbox.engine.uv import ResolveRequest, resolve
from jupyter_devbox.errors import ResolutionError

BACKEND = """
import pathlib
pathlib.Path({mark!r}).touch()

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    pathlib.Path(folder, "demo-1.0.dist-info").mkdir()
    text = "Metadata-Version: 2.1\\nName: demo\\nVersion: 1.0\\n"
    pathlib.Path(folder, "demo-1.0.dist-info", "METADATA").write_text(text)
    return "demo-1.0.dist-info"

def build_wheel(folder, config_settings=None, metadata_directory=None):
    raise SystemExit
"""


def test_no_code_of_a_package_runs(tmp_path):
    source, mark = tmp_path / "demo", tmp_path / "ran"
    source.mkdir()
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "demo"\ndynamic = ["version"]\n'
    )
    (source / "backend.py").write_text(BACKEND.format(mark=str(mark)))
    request = ResolveRequest(
        requirements=[f"demo @ {source.as_uri()}"], preferences=[], executable=sys.executable,
        python=None, platform=None, build=False,
    )  # fmt: skip
    with pytest.raises(ResolutionError, match="not approved to build") as caught:
        resolve(request, offline=True)
    assert caught.value.hint == "jupyter devbox trust"
    assert not mark.exists()
    # With the user's trust it is asked what it needs.
    assert 'name = "demo"' in resolve(replace(request, build=True), offline=True)
    assert mark.exists()
