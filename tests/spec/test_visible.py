"""Untrusted text does not steer a terminal, nor hide anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.spec.visible import bounded, visible

pytestmark = pytest.mark.usefixtures("pure")


def test_what_steers_is_spelled_out():
    assert visible("a\x1b[2J\rb\u202ec\u200bd\x00") == r"a\x1b[2J\rb\u202ec\u200bd\x00"
    assert visible("données · 5 µm") == "données · 5 µm"


def test_long_lines_and_many():
    assert visible("x" * 300, 10) == "x" * 10 + "… (290 characters more)"
    assert bounded("abcd", 2) == ("a", "b", "… 2 lines more")
    assert bounded("ab", 2) == ("a", "b")


@given(st.text(st.characters(exclude_categories=())))
def test_any_text(text):
    assert visible(text).isprintable()
    visible(text).encode()
