"""A program that answers line by line, and one that does not."""

from __future__ import annotations

import sys
import time

import pytest

from jupyter_devbox.engine.dialogue import Dialogue
from jupyter_devbox.errors import EngineError


def program(text: str) -> Dialogue:
    return Dialogue([sys.executable, "-u", "-c", text])


def test_it_is_asked_as_often_as_wanted():
    echo = program("import sys\nfor line in sys.stdin: print(line.strip()[::-1])")
    try:
        assert [echo.ask(text, 30) for text in ("abc", "été")] == ["cba\n", "été\n"]
    finally:
        echo.close()
    echo.close()  # twice is fine


def test_one_that_ends_says_why():
    ends = program("import sys; sys.exit('no such thing')")
    try:
        assert ends.ask("x", 30) == ""
        assert ends.ask("x", 30) == ""
        assert ends.complaint() == ("no such thing",)
    finally:
        ends.close()


def test_one_that_takes_too_long_is_ended():
    sleeps = program("import time; time.sleep(600)")
    begin = time.monotonic()
    try:
        assert sleeps.ask("x", 0.5) == ""
    finally:
        sleeps.close()
    assert time.monotonic() - begin < 60


def test_an_answer_without_an_end_is_none():
    half = program("import sys; sys.stdout.write('half'); sys.stdout.flush(); sys.stdin.readline()")
    try:
        assert half.ask("x", 30) == ""
    finally:
        half.close()


def test_one_that_is_not_there():
    with pytest.raises(EngineError, match="cannot be started"):
        Dialogue(["/no/such/program"])
