"""The fixture that keeps pure stages pure must itself bite."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.engine.docker_values import seconds
from jupyter_devbox.engine.process import run_process


@pytest.mark.usefixtures("pure")
def test_a_process_is_caught():
    with pytest.raises(AssertionError, match=r"engine\.process touched the outside world"):
        run_process([sys.executable, "--version"])


@pytest.mark.usefixtures("pure")
def test_what_a_test_itself_does_is_fine():
    assert Path(__file__).read_text()


@pytest.mark.usefixtures("pure")
def test_a_late_import_is_none_of_the_stage_s_doing():
    sys.modules.pop("colorsys", None)
    import colorsys

    assert colorsys.rgb_to_hsv(0, 0, 0) == (0, 0, 0)


@pytest.mark.usefixtures("pure")
@given(st.text())
def test_it_goes_with_hypothesis(text):
    assert seconds(text) >= 0
