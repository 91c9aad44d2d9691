"""Goldens are files of their own: reviewed, linted and built as what they are."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode


class _Text(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT


class _Dockerfile(_Text):
    file_extension = "Dockerfile"


class _Configuration(_Text):
    file_extension = "devcontainer.json"


class _Compose(_Text):
    file_extension = "compose.yaml"


class _Requirements(_Text):
    file_extension = "txt"


@pytest.fixture
def golden(snapshot: SnapshotAssertion) -> dict[str, SnapshotAssertion]:
    """File name → its golden."""
    return {
        "Dockerfile": snapshot.use_extension(_Dockerfile),
        "devcontainer.json": snapshot.use_extension(_Configuration),
        "compose.yaml": snapshot.use_extension(_Compose),
        "requirements": snapshot.use_extension(_Requirements),
    }
