"""`%devbox tensorboard` in a box: IPython's own extension, or one line that says what lacks."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

from jupyter_devbox.magics import DevboxMagics, tensorboard
from jupyter_devbox.magics.inside import BOX


class Shell:
    def __init__(self):
        self.ran = []

    def run_line_magic(self, name, line):
        self.ran.append((name, line))


@pytest.fixture
def shell(monkeypatch):
    monkeypatch.setenv(BOX, "1")
    monkeypatch.setattr(tensorboard, "find_spec", lambda name: object())
    return Shell()


def devbox(shell, line):
    magics = DevboxMagics.__new__(DevboxMagics)
    magics.__dict__["_trait_values"] = {}
    magics.shell = shell
    DevboxMagics.devbox(magics, line)


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("tensorboard", "--logdir runs"),
        ("tensorboard logs/a", "--logdir logs/a"),
        ("tensorboard 'my logs; rm -rf x'", "--logdir 'my logs; rm -rf x'"),
    ],
)
def test_the_ordinary_extension_does_it(shell, line, options):
    devbox(shell, line)
    assert shell.ran == [("load_ext", "tensorboard"), ("tensorboard", options)]


def test_one_line_where_it_is_missing(shell, monkeypatch, capsys):
    monkeypatch.setattr(tensorboard, "find_spec", lambda name: None)
    devbox(shell, "tensorboard")
    assert shell.ran == []
    assert "%pip install tensorboard" in capsys.readouterr().out


@pytest.mark.parametrize("line", ["tensorboard a b", "tensorboard --host=0.0.0.0"])
def test_it_takes_a_folder_and_no_option(shell, line, capsys):
    devbox(shell, line)
    assert shell.ran == []
    assert "takes one folder" in capsys.readouterr().out


def test_a_kernels_shell_has_what_is_called():
    assert callable(InteractiveShell.run_line_magic)
