"""Slim images: removed in the step that installs, by a program that lies beside the Dockerfile."""

from __future__ import annotations

import difflib
from dataclasses import replace

import pytest
from makers import lock, locked
from render.cases import CASES, PINS

from jupyter_devbox.errors import RequirementError
from jupyter_devbox.files.merge import is_ours_alone, merge
from jupyter_devbox.plan.options import merge_options
from jupyter_devbox.render import render
from jupyter_devbox.run.contents import program
from jupyter_devbox.spec.project import ProjectOptions

PROGRAM = ".devcontainer/devbox_slim.py"


def texts(tree) -> dict[str, str]:
    return {file.path: merge(file, None).content.decode(errors="replace") for file in tree.files}


@pytest.mark.parametrize("case", CASES)
def test_whole_images_are_as_before(case):
    environment, one, options = CASES[case]
    tree = render(environment, one, options, uv_version="0.8.0")
    assert "devbox_slim" not in texts(tree)[".devcontainer/Dockerfile"]
    assert PROGRAM in tree.absent


def test_each_step_that_installs_removes_too():
    environment, _, options = CASES["plain"]
    one = lock(*PINS, locked("lxml==5.3", group="rest"))
    whole = texts(render(environment, one, options, uv_version="0.8.0"))
    options = replace(options, slim="on")
    slim = texts(render(environment, one, options, uv_version="0.8.0", slim=program()))
    assert slim[PROGRAM].endswith(program())
    pair = (whole[".devcontainer/Dockerfile"], slim[".devcontainer/Dockerfile"])
    changed = difflib.ndiff(*(text.splitlines() for text in pair))
    marks = ("# >>>", "# <<<")
    added = [line[2:].strip() for line in changed if line.startswith("+ ")]
    added = [line for line in added if not line.startswith(marks) and "devbox" in line]
    assert sum("--mount=type=bind,source=devbox_slim.py" in line for line in added) == 2
    assert sum("python3 -I /run/devbox/devbox_slim.py slim" in line for line in added) == 2
    assert '"slim": true' in slim[".devcontainer/devcontainer.json"]


def test_the_program_goes_with_the_option_unless_it_was_edited():
    environment, one, options = CASES["plain"]
    text = texts(render(environment, one, options, uv_version="0.8.0", slim=program()))[PROGRAM]
    assert is_ours_alone(PROGRAM, text)
    assert not is_ours_alone(PROGRAM, text + "# mine\n")
    assert not is_ours_alone(PROGRAM, "print('a file of the user')\n")


def test_it_is_remembered_until_told_otherwise():
    on, off, nothing = (ProjectOptions(slim=value) for value in ("on", "off", ""))
    assert merge_options(nothing, on).slim == "on"
    assert merge_options(on, nothing).slim == "on"
    assert merge_options(on, off).slim == ""
    assert merge_options(nothing, nothing).slim == ""
    with pytest.raises(RequirementError, match="slim or not"):
        merge_options(nothing, ProjectOptions(slim="very"))
