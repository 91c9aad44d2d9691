"""What the tests of use cases begin with."""

from __future__ import annotations

import pytest

from jupyter_devbox.workflow.context import Context


@pytest.fixture
def context(tmp_path) -> Context:
    """A machine without Jupyter's files, variables, or anything of ours yet."""
    return Context(home=tmp_path, env={}, data=tmp_path / "data", kernels=tmp_path / "kernels")
