"""Sizes in options."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.errors import RequirementError
from jupyter_devbox.spec.amounts import parse_amount
from jupyter_devbox.view.units import size


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0), ("90", 90), ("2GB", 2 * 10**9), ("2g", 2 * 10**9), (" 1.5 kB ", 1500),
        ("500MB", 500 * 10**6), ("1TB", 10**12),
    ],
)  # fmt: skip
def test_sizes(text, number):
    assert parse_amount(text, "so") == number


@pytest.mark.parametrize("text", ["", "much", "-1", "1GiB", "1,5GB", "GB", "٣MB", "1e9", "1 2"])
def test_no_sizes(text):
    with pytest.raises(RequirementError, match="not a size") as caught:
        parse_amount(text, "write it like this")
    assert caught.value.hint == "write it like this"


@given(st.integers(1000, 10**12))
def test_what_we_show_can_be_given(number):
    assert abs(parse_amount(size(number), "") - number) <= 0.06 * number
