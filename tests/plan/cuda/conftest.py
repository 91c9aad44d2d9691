"""The package's own catalogue, read before a test is held to touch nothing."""

from __future__ import annotations

import pytest

from jupyter_devbox.catalogue import read_catalogue

read_catalogue()


@pytest.fixture
def catalogue():
    return read_catalogue()
