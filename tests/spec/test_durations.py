"""Times in options."""

from __future__ import annotations

import pytest

from jupyter_devbox.errors import RequirementError
from jupyter_devbox.spec.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("90", 90),
        ("45s", 45),
        ("30m", 1800),
        (" 2h ", 7200),
        ("30d", 2592000),
        ("2w", 1209600),
    ],
)
def test_times(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1", "1y", "1.5h", "h", "٣m", "9" * 7])
def test_no_times(text):
    with pytest.raises(RequirementError, match="not a time") as caught:
        parse_duration(text)
    assert "--idle 30m" in caught.value.hint
