"""`%containerize` where nothing can build: one line, and no cell fails."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

from jupyter_devbox.magics import DevboxMagics, binder
from jupyter_devbox.magics.binder import WOULD, on_binder

LAUNCHED = {"BINDER_REQUEST": "v2/gh/o/r/HEAD"}


def test_elsewhere_it_says_nothing():
    assert on_binder({}) == ""
    assert on_binder({"BINDER_REQUEST": "", "JUPYTER_DEVBOX_BOX": "1"}) == ""


@pytest.mark.parametrize("line", ["", "--target venv", "--binder"])
def test_an_image_made_for_binder_says_what_it_would_do(line):
    assert on_binder({"JUPYTER_DEVBOX_BOX": "binder"}, line) == WOULD


@pytest.mark.parametrize(
    ("line", "goes_on"),
    [("", False), ("--target venv", True), ("--target=cpu,venv", True), ("--apt venvs", False)],
)
def test_with_all_of_devbox_installed_a_virtual_environment_can_be_made(line, goes_on):
    said = on_binder(LAUNCHED, line)
    assert (said == "") == goes_on
    assert goes_on or said.endswith("Here: %containerize --target venv")


def test_without_the_rest_of_devbox_it_cannot(monkeypatch):
    monkeypatch.setattr(binder, "find_spec", lambda _: None)
    assert on_binder(LAUNCHED, "--target venv") == WOULD


@pytest.mark.parametrize("env", [LAUNCHED, {"JUPYTER_DEVBOX_BOX": "binder"}])
def test_each_magic_prints_one_line(env, monkeypatch, capsys):
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    magics = DevboxMagics(InteractiveShell.instance())
    magics.containerize("--apt 'unbalanced")
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("Binder has no container engine: on your own machine, %containerize")
    if env is not LAUNCHED:
        magics.devbox("status")
        assert capsys.readouterr().out.count("\n") == 1
