"""Modules from outside the project: packed as long as a notebook of the project needs them."""

from __future__ import annotations

import pytest
from makers import snapshot

from jupyter_devbox.plan.planner import PlanInputs, plan
from jupyter_devbox.spec.environment import PackedModule
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.snapshot import LocalModule

pytestmark = pytest.mark.usefixtures("pure")

INSIDE = LocalModule(name="inside", path="inside.py")
TOOLS = LocalModule(name="tools", path="/home/me/tools", inside=False)
BOTH = ("a.ipynb", "b.ipynb")


def planned(*modules, pack=("tools",), packed=(), notebooks=BOTH):
    inputs = PlanInputs(
        project="digits",
        target="cpu",
        snapshots=(snapshot(local_modules=modules),),
        existing=ExistingEnvironment(packed=packed, notebooks=notebooks),
        options=ProjectOptions(pack=pack),
    )
    return plan(inputs)


def needing(*notebooks):
    return (PackedModule(name="tools", notebooks=notebooks),)


def test_they_come_only_when_the_user_agreed():
    refused = planned(INSIDE, TOOLS, pack=())
    assert (refused.local_modules, refused.packed) == ((INSIDE,), ())
    agreed = planned(INSIDE, TOOLS, pack=("Tools",))
    assert (agreed.local_modules, agreed.packed) == ((INSIDE, TOOLS), needing("a.ipynb"))
    assert any("(a.ipynb)" in d.reason for d in agreed.decisions if d.what == "tools")


def test_what_another_notebook_needs_stays():
    found = planned(INSIDE, packed=needing(*BOTH))
    assert (found.local_modules, found.packed) == ((INSIDE,), needing("b.ipynb"))
    assert planned(TOOLS, packed=needing("b.ipynb")).packed == needing(*BOTH)


@pytest.mark.parametrize(
    ("packed", "more"),
    [
        (needing("a.ipynb"), {}),  # the captured notebook needs it no more
        (needing("b.ipynb"), {"notebooks": ("a.ipynb",)}),  # that notebook is gone
        (needing("b.ipynb"), {"pack": ()}),  # it was excluded since
    ],
)
def test_what_no_notebook_needs_leaves(packed, more):
    assert planned(INSIDE, packed=packed, **more).packed == ()
