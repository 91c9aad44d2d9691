"""Which notebooks go together, and what environments of their own save."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from makers import direct, lock, locked, spec

from jupyter_devbox.errors import UsageError
from jupyter_devbox.lock import share
from jupyter_devbox.plan.estimate import BASE_BYTES, estimate_bytes
from jupyter_devbox.plan.split import choose_groups, savings
from jupyter_devbox.spec.groups import Group, SplitWish

MB = 10**6
NAMES = st.sampled_from(["train", "plots", "more"])
NOTEBOOKS = st.sampled_from(["a.ipynb", "b.ipynb", "sub/a.ipynb", "Train.ipynb", "\u6570.ipynb"])
GROUPS = st.dictionaries(NAMES, st.lists(NOTEBOOKS, unique=True), max_size=3).map(
    lambda found: tuple(
        Group(name=name, notebooks=tuple(sorted(listed))) for name, listed in found.items()
    )
)


def group(name, *notebooks):
    return Group(name=name, notebooks=notebooks)


def environment(name, *packages, requirements=()):
    made = spec(*requirements, group=name)
    return made, lock(*packages)


def estimated(environments):
    locks = share([one for _, one in environments])
    return [
        (spec(*s.requirements, group=s.group, estimated_bytes=estimate_bytes(s, one)), one)
        for (s, _), one in zip(environments, locks, strict=True)
    ]


@given(GROUPS, GROUPS, st.lists(NOTEBOOKS, min_size=1))
def test_every_notebook_is_in_one_group_and_no_group_is_empty(recorded, named, notebooks):
    try:
        groups = choose_groups(recorded, SplitWish(named=named), notebooks)
    except UsageError:
        listed = [n for one in named for n in one.notebooks]
        assert len(listed) > len(set(listed))
        return
    placed = [n for one in groups for n in one.notebooks]
    assert sorted(placed) == sorted(set(notebooks))
    assert all(one.notebooks for one in groups)
    assert len({one.name for one in groups}) == len(groups)
    assert choose_groups(groups, None, notebooks) == groups


def test_without_a_wish_or_a_record_there_are_none():
    assert choose_groups((), None, ["a.ipynb"]) == ()
    assert choose_groups((group("a", "a.ipynb"),), SplitWish(off=True), ["a.ipynb"]) == ()


def test_a_notebook_stays_where_it_is_until_it_is_named():
    before = (group("one", "a.ipynb", "b.ipynb"),)
    assert choose_groups(before, SplitWish(), ["b.ipynb", "a.ipynb"]) == before
    wish = SplitWish(named=(group("two", "b.ipynb"),))
    assert choose_groups(before, wish, ["a.ipynb", "b.ipynb"]) == (
        group("one", "a.ipynb"), group("two", "b.ipynb"),
    )  # fmt: skip


def test_a_group_is_not_called_as_one_that_is_named_in_this_call():
    wish = SplitWish(named=(group("b", "a.ipynb"),))
    found = choose_groups((), wish, ["b.ipynb", "a.ipynb"])
    assert found == (group("b-2", "b.ipynb"), group("b", "a.ipynb"))


@pytest.mark.parametrize("name", ["cuda", "wheels", "..", "Train"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(UsageError, match="cannot be called so"):
        choose_groups((), SplitWish(named=(group(name, "a.ipynb"),)), ["a.ipynb"])


@given(
    st.lists(
        st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 900), max_size=6),
        min_size=1,
        max_size=4,
    )
)
def test_what_is_counted_adds_up(sizes):
    environments = estimated(
        [
            environment(f"g{n}", *(locked(f"{k}==1", size=v * MB) for k, v in found.items()))
            for n, found in enumerate(sizes)
        ]
    )
    saved = savings(environments, None)
    each = [one.bytes for one in saved.groups]
    assert 0 <= saved.shared <= min(each)
    assert max(each) <= saved.total <= sum(each)
    if len(each) == 1:
        assert saved.total == each[0]


def test_it_is_said_what_each_does_without_and_has_of_its_own():
    big, small = locked("big==1", size=500 * MB), locked("small==1", size=MB)
    words = (direct("lib<2", firm=True),)
    train, plots = estimated(
        [
            environment("train", big, small, locked("lib==1.9"), requirements=words),
            environment("plots", small, locked("lib==2.3")),
        ]
    )
    whole = (spec(estimated_bytes=3000 * MB), lock(big, small, locked("lib==2.3")))
    saved = savings([train, plots], whole)
    assert saved.together == 3000 * MB
    assert saved.shared >= BASE_BYTES
    one, other = saved.groups
    assert (one.group, one.fewer, one.unmet) == ("train", 0, ("lib<2",))
    assert one.own == {"lib": ("2.3", "1.9")}
    assert (other.fewer, other.own, other.unmet) == (1, {}, ())
    told = saved.to_json()
    assert told["groups"][0]["versions"] == {"lib": {"together": "2.3", "own": "1.9"}}
    assert told["total"] == saved.total


def test_where_there_is_no_one_environment_the_reason_is_kept():
    saved = savings(estimated([environment("a"), environment("b")]), None, "lib conflicts")
    assert (saved.together, saved.problem) == (None, "lib conflicts")
    assert all(one.fewer == 0 for one in saved.groups)
