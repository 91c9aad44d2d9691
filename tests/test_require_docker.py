"""Without an engine a docker test skips and says why; with --require-docker it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TEST = "tests/engine/test_docker.py::test_info_is_of_this_machine"


def run(*options: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rsfE", "-p", "no:cacheprovider", TEST, *options],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "DOCKER_HOST": "unix:///nowhere/docker.sock"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("options", "outcome"), [((), "1 skipped"), (("--require-docker",), "1 error")]
)
def test_the_reason_is_printed(options, outcome):
    output = run(*options)
    assert outcome in output
    assert "nothing answers at `/nowhere/docker.sock`" in output
