"""Which layer a package goes to: one more package must not rebuild the stable one."""

from __future__ import annotations

from makers import locked

from jupyter_devbox.lock.groups import REBALANCE, assign_groups
from jupyter_devbox.spec.project import ExistingEnvironment

FIRST = ("numpy==2.1", "pandas==2.2")
BESIDE = (locked("jupyter-devbox==0.1", group="rest"),)


def groups(*texts, stable=(), rest=()):
    versions = dict(text.split("==") for text in (*stable, *rest))
    existing = ExistingEnvironment(
        locked=versions, stable=frozenset(text.split("==")[0] for text in stable)
    )
    found = assign_groups([locked(text) for text in texts], BESIDE, existing)
    assert [p.name for p in found] == sorted(p.name for p in found)
    return {p.name: p.group for p in found}


def test_at_first_all_is_stable_but_what_lies_beside():
    assert groups(*FIRST) == {"numpy": "stable", "pandas": "stable", "jupyter-devbox": "rest"}


def test_one_more_goes_to_the_rest_and_stays_there():
    once = groups(*FIRST, "lxml==5", stable=FIRST)
    assert once == {"numpy": "stable", "pandas": "stable", "lxml": "rest", "jupyter-devbox": "rest"}
    again = groups(*FIRST, "lxml==5", stable=FIRST, rest=("lxml==5", "jupyter-devbox==0.1"))
    assert again == once


def test_a_package_of_the_rest_may_change_or_leave():
    assert groups(*FIRST, "lxml==6", stable=FIRST, rest=("lxml==5",))["lxml"] == "rest"
    assert "lxml" not in groups(*FIRST, stable=FIRST, rest=("lxml==5",))


def test_a_change_in_the_stable_group_makes_one_new_stable_group():
    for texts in (("numpy==2.2", "pandas==2.2"), ("numpy==2.1",)):
        found = groups(*texts, "lxml==5", stable=FIRST, rest=("lxml==5",))
        assert found.pop("jupyter-devbox") == "rest"
        assert set(found.values()) == {"stable"}


def test_a_rest_that_has_grown_moves_to_the_stable_group():
    few = [f"p{number}==1" for number in range(REBALANCE)]
    assert set(groups(*FIRST, *few, stable=FIRST).values()) == {"stable", "rest"}
    found = groups(*FIRST, *few, "one-more==1", stable=FIRST)
    assert found.pop("jupyter-devbox") == "rest"
    assert set(found.values()) == {"stable"}
