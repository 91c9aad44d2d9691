"""Whose line it is in each target's file, whatever stands in them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from makers import base
from test_cuda_properties import HOSTS, PLATFORMS, environments, outcome

from jupyter_devbox.plan.for_target import for_target
from jupyter_devbox.spec.gpu import GpuHost

pytestmark = pytest.mark.usefixtures("pure")

IMAGES = st.builds(
    lambda python, platform: base(python=python, platform=platform),
    st.sampled_from(["3.11.2", "3.12.3", "3.14.0"]),
    PLATFORMS,
)


def planned(target, lines, image, host, own=()):
    """What was planned, None where it was refused."""

    def ask(requirements, **more):
        return for_target(target, requirements, image, own=own, installed={}, **more)

    return outcome(ask, lines, host=host)


def by_name(made):
    return {line.name: line for line in made.requirements}


@settings(max_examples=200, deadline=None)
@given(environments(), IMAGES, HOSTS, environments())
def test_the_users_own_line_for_cuda_wins_in_its_version(lines, image, host, own):
    made = planned("cuda", lines, image, host, own)
    if made is None:
        return event("refused")
    mine = {line.name: line for line in own if line.reason == "hand"}
    event(f"{len(mine)} of the user's own")
    for name, line in by_name(made).items():
        if name in mine:
            assert line.reason == "hand"
            pin = mine[name].specifier.partition("+")[0]
            assert not pin.startswith("==") or line.specifier.partition("+")[0] == pin
        else:
            # Else it would stand in the twin's file as the user's, and never follow the other one.
            assert line.reason != "hand"
    return None


@settings(max_examples=200, deadline=None)
@given(environments(), IMAGES, HOSTS, environments())
def test_only_lines_of_the_users_own_reach_the_twin_from_its_file(lines, image, host, own):
    ours = tuple(replace(line, reason="import") for line in own)
    assert planned("cuda", lines, image, host, ours) == planned("cuda", lines, image, host)


@settings(max_examples=200, deadline=None)
@given(environments(), IMAGES, HOSTS)
def test_a_build_that_was_chosen_for_a_cuda_does_not_move(lines, image, host):
    made = planned("cuda", lines, image, host)
    if made is None:
        return event("refused")
    before = {line.name: line for line in lines}
    for name, line in by_name(made).items():
        old = before.get(name)
        same = old is not None and (old.text, old.indexes) == (line.text, line.indexes)
        if line.specifier and (not same or name == "torch"):
            assert line.firm
        assert line.firm or not (old and old.firm)
    return None


@settings(max_examples=200, deadline=None)
@given(environments(), IMAGES, HOSTS, environments(), st.sampled_from(["cpu", "venv"]))
def test_without_cuda_neither_driver_nor_the_twin_s_file_counts(lines, image, host, own, target):
    made = planned(target, lines, image, host, own)
    assert made == planned(target, lines, image, GpuHost(), ())
    if made is None:
        return event("refused")
    assert made.accelerator is None
    assert (made.base, made.image, made.builder, dict(made.env)) == ("slim", "", "", {})
    return None


@settings(max_examples=200, deadline=None)
@given(environments(), IMAGES, HOSTS)
def test_names_are_sorted_and_each_stands_once(lines, image, host):
    for target in ("cpu", "cuda"):
        made = planned(target, lines, image, host)
        if made:
            names = [line.name for line in made.requirements]
            assert names == sorted(set(names))
