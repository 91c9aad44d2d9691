"""What --split takes for its value."""

from __future__ import annotations

import pytest

from jupyter_devbox.cli.containerize import ContainerizeVerb
from jupyter_devbox.errors import UsageError
from jupyter_devbox.spec.groups import Group, SplitWish


def asked(*words):
    verb = ContainerizeVerb()
    verb.read(list(words))
    request = verb.whole_request()
    return request.split, [path.name for path in request.notebooks]


def group(name, *notebooks):
    return Group(name=name, notebooks=notebooks)


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        (["a.ipynb"], None),
        (["a.ipynb", "--split"], SplitWish()),
        (["--split", "a.ipynb"], SplitWish()),
        (["a.ipynb", "--split", "--yes"], SplitWish()),
        (["a.ipynb", "--split", "off"], SplitWish(off=True)),
        (["a.ipynb", "--split=off"], SplitWish(off=True)),
        (["a.ipynb", "--split=x=b.ipynb"], SplitWish(named=(group("x", "b.ipynb"),))),
        (
            ["a.ipynb", "--split", "x=b.ipynb,c d.ipynb", "--split", "y=e.ipynb"],
            SplitWish(named=(group("x", "b.ipynb", "c d.ipynb"), group("y", "e.ipynb"))),
        ),
        (
            ["a.ipynb", "--split", "--split=x=b.ipynb", "--split=x=c.ipynb"],
            SplitWish(named=(group("x", "b.ipynb", "c.ipynb"),)),
        ),
    ],
)
def test_alone_it_takes_no_notebook_for_its_value(words, wish):
    assert asked(*words) == (wish, ["a.ipynb"])


@pytest.mark.parametrize(
    "value", ["x", "x=", "x=,", "=a.ipynb", "cuda=a.ipynb", "../x=a.ipynb", "on", "off,on"]
)
def test_a_value_that_is_none_is_refused(value):
    with pytest.raises(UsageError) as caught:
        asked("a.ipynb", f"--split={value}")
    assert "--split" in caught.value.hint


def test_off_and_groups_together_are_refused():
    with pytest.raises(UsageError):
        asked("a.ipynb", "--split=off", "--split=x=a.ipynb")
