"""What a box says of its packages, which may be anything."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import ProbeError
from jupyter_devbox.run import by_hand
from jupyter_devbox.run.by_hand import ask_box, read_needs
from jupyter_devbox.spec.container import ExecResult
from jupyter_devbox.spec.names import DISTRIBUTION_NAME


def test_what_our_own_environment_says():
    """The program that runs in the box, run here."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", by_hand._NEEDS], capture_output=True, text=True, check=True
    )
    needs = read_needs(done.stdout)
    assert "jsonschema" in needs["nbformat"]
    assert "pytest" not in needs["hypothesis"]  # an extra


@pytest.mark.parametrize("text", ["", "[]", "nonsense", "{", "[" * 100_000, "1e999"])
def test_no_answer(text):
    assert read_needs(text) == {}


@given(st.dictionaries(st.text(), st.one_of(st.none(), st.lists(st.text()), st.text())))
def test_only_names_count(told):
    for name, listed in read_needs(json.dumps(told)).items():
        assert DISTRIBUTION_NAME.fullmatch(name)
        assert all(DISTRIBUTION_NAME.fullmatch(each) for each in listed)


class Says:
    """An engine whose containers all say the same."""

    def __init__(self, stdout: str, exit_code: int = 0) -> None:
        self.result = ExecResult(exit_code=exit_code, stdout=stdout, stderr="why")

    def run(self, container: str, spec: object, stdin: bytes = b"") -> ExecResult:
        return self.result


def engine(stdout: str, exit_code: int = 0) -> Engine:
    return Says(stdout, exit_code)  # type: ignore[return-value]


def test_an_answer_is_decoded_and_not_looked_at():
    assert ask_box(engine('{"a": [1]}'), "box", "program")("{}") == {"a": [1]}


@pytest.mark.parametrize(("stdout", "code"), [("x", 0), ("", 0), ("{}", 1), ("[" * 100_000, 0)])
def test_a_box_that_does_not_answer(stdout, code):
    with pytest.raises(ProbeError):
        ask_box(engine(stdout, code), "box", "program")("{}")
