"""Readers of a stranger's text: a few seconds of fuzzing each, and what is nested too deep."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from fuzz_targets import TARGETS

from jupyter_devbox.capture import capture_notebook
from jupyter_devbox.errors import DevboxError
from jupyter_devbox.workflow.running import read_notebook

SECONDS = 2
DEEP = "[" * 20_000 + "]" * 20_000


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_nothing_but_our_own_errors_comes_out(target, absent, tmp_path):
    if importlib.util.find_spec("atheris") is None:
        absent("atheris is not installed: it has wheels for Linux on x86-64 alone")
    script = Path(__file__).with_name("fuzz.py")
    done = subprocess.run(
        [sys.executable, str(script), target, f"-max_total_time={SECONDS}", "-timeout=10"],
        cwd=tmp_path,  # libFuzzer writes the text that crashed here, and tidies nothing up
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "DONE" in done.stderr


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("cell", f"x = {DEEP}"),
        ("shell", "$(" * 20_000),
        ("json_comments", f'{{"a": {DEEP}}}'),
        ("compose", f"a: {DEEP}"),
        ("requirement", f"six  # import: six; notebooks: {DEEP}"),
        ("asking", f'{{"verb": {DEEP}}}'),
    ],
)
def test_what_is_nested_too_deep_is_no_crash(target, text):
    with suppress(DevboxError):
        TARGETS[target](text)


@pytest.mark.parametrize("read", [lambda p: capture_notebook(p, project=p.parent), read_notebook])
def test_a_notebook_that_is_nested_too_deep(read, tmp_path):
    path = tmp_path / "deep.ipynb"
    text = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {"x": 0}, "cells": []})
    path.write_text(text.replace("0}", f"{DEEP}}}"), encoding="utf-8")
    with pytest.raises(DevboxError) as caught:
        read(path)
    assert caught.value.hint
