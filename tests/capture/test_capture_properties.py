"""Whatever stands in a cell: no crash, no bad name, the same answer each time."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from jupyter_devbox.capture import capture_live, capture_notebook
from jupyter_devbox.capture.shell import split_commands

DEBIAN = re.compile(r"[a-z0-9][a-z0-9+.-]+")
PIECES = st.sampled_from(
    [
        "import numpy",
        "from a.b import (c",
        "import ",
        "%",
        "%%",
        "!",
        "!!",
        "?",
        "%pip install ",
        "!pip install ",
        "!apt-get install ",
        "%%bash\n",
        "%%writefile a.py\n",
        "%cd ",
        "%run ",
        "git+https://u:p@h/x.git#egg=",
        "-r ",
        "-e ",
        "--index-url ",
        "\n",
        "\\\n",
        "'",
        '"',
        "$(",
        ")",
        "`",
        "{x}",
        "$X",
        ";",
        "&&",
        "|",
        ">",
        "<<EOF\n",
        "EOF",
        "'''",
        "\0",
        "\ud800",
        "\r",
        "\t",
        "sys.path.append('",
        "os.system('",
        "get_ipython().system('",
        "read_excel(",
        "engine=",
        "é",
        "a@b",
        "[x]",
        "==1.0",
        "../",
        "~",
        "*",
        "#",
        "conda install ",
        "uv add ",
        "\u2028",
        "\x0c",
    ]
)
SOURCES = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=12).map("".join))


def check(snapshot):
    for requirement in snapshot.requirements:
        assert str(canonicalize_name(requirement.name, validate=True)) == requirement.name
        extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
        Requirement(f"{requirement.name}{extras}{requirement.specifier}")
        assert "@" not in (requirement.url or "").partition("//")[2].partition("/")[0].replace(
            "git@", ""
        )
    for package in snapshot.apt:
        assert DEBIAN.fullmatch(package.name)
    for warning in snapshot.warnings:
        assert warning.message.isprintable()
        assert "u:p@" not in warning.message
    json.dumps(snapshot.to_json())


@given(st.lists(SOURCES, max_size=4))
@example(["!pip install 'a\nb'; x"])
@example(["x = (" * 500])
@example(["-" * 50_000 + "1"])
@example(['%%bash\npip install "$(cat <<EOF\nx\nEOF\n)"'])
@example(["\ud800"])
def test_any_text(tmp_path_factory, sources):
    folder = tmp_path_factory.mktemp("any")
    path = folder / "n.ipynb"
    cells = [{"cell_type": "code", "source": source} for source in sources]
    path.write_text(json.dumps({"nbformat": 4, "cells": cells}))
    first = capture_notebook(path, project=folder)
    check(first)
    assert capture_notebook(path, project=folder) == first


@given(st.lists(SOURCES, max_size=3))
def test_any_text_in_a_live_kernel(sources):
    snapshot = capture_live(
        cells=[(1, source) for source in sources], history=sources, notebook=None, project=Path("/")
    )
    check(snapshot)


ORDINARY = st.sampled_from(
    [
        "import numpy",
        "import hgraph",
        "!pip install seaborn==1",
        "from sklearn import svm",
        "x = 1",
        "!apt-get install ffmpeg",
        "!dot x",
        "import pandas as pd\npd.read_excel('x')",
        "import yaml",
    ]
)


@given(st.lists(ORDINARY, max_size=8, unique=True), st.randoms())
def test_order_of_cells_does_not_matter(tmp_path_factory, sources, random):
    folder = tmp_path_factory.mktemp("order")
    found = []
    for _ in range(2):
        path = folder / "n.ipynb"
        cells = [{"cell_type": "code", "source": source} for source in sources]
        path.write_text(json.dumps({"nbformat": 4, "cells": cells}))
        snapshot = capture_notebook(path, project=folder)
        found.append(
            (
                {(r.name, r.reason, r.imports, r.specifier) for r in snapshot.requirements},
                {a.name for a in snapshot.apt},
                {u.name for u in snapshot.unresolved},
            )
        )
        random.shuffle(sources)
    assert found[0] == found[1]


@given(st.text(max_size=300))
def test_shell_words_hold_no_separator_that_was_not_quoted(text):
    for command in split_commands(text):
        assert command
        if not set(text) & set("'\"\\$`"):
            assert not any(set(word.text) & set(";&|()\n ") for word in command)
