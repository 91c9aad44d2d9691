"""What all environments of a split project have in common is one layer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from makers import lock, locked

from jupyter_devbox.lock import share
from jupyter_devbox.spec.requirements_txt import format_lock, read_pins
from jupyter_devbox.spec.target_files import COMMON, target_files

MB = 10**6
LOCKS = st.lists(
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("12"), max_size=6).map(
        lambda pins: lock(*(locked(f"{n}=={v}", size=MB) for n, v in sorted(pins.items())))
    ),
    min_size=2,
    max_size=4,
)


def pins(found, group):
    return {p.name: p.version for p in found.packages if p.group == group}


def everything(found):
    return {p.name: p.version for p in found.packages}


@given(LOCKS)
def test_common_is_exactly_what_every_lock_has(locks):
    shared = share(locks)
    expected = set.intersection(*({*everything(one).items()} for one in locks))
    for before, after in zip(locks, shared, strict=True):
        assert everything(after) == everything(before)
        assert {*pins(after, "common").items()} == expected - {("jupyter-devbox", "0.1.0")}
    assert share(shared, pins(shared[0], "common")) == shared


@given(LOCKS)
def test_the_text_of_every_lock_names_all_of_it_once(locks):
    for name, one in zip(("a", "b", "c", "d"), share(locks), strict=False):
        files = target_files("cpu", name)
        texts = format_lock(one, files)
        found = [pin for text in texts.values() for pin in read_pins(text).items()]
        assert sorted(found) == sorted(everything(one).items())
        assert (f"-r {COMMON}" in texts[files.stable]) == (COMMON in texts)


def test_the_common_text_is_the_same_one_for_all():
    locks = share([lock(locked("a==1"), locked("b==1")), lock(locked("a==1"))])
    texts = [format_lock(one, target_files("cpu", n)) for one, n in zip(locks, "xy", strict=True)]
    assert texts[0][COMMON] == texts[1][COMMON]
    assert "a==1" in texts[0][COMMON]
    assert "b==1" not in texts[0][COMMON]


def test_one_environment_shares_with_nobody():
    (one,) = share([lock(locked("a==1"))])
    assert pins(one, "common") == {}
    assert COMMON not in format_lock(one)


def test_what_is_built_or_lies_beside_or_has_an_index_of_its_own_is_not_common():
    odd = (
        locked("built==1", compiled=True),
        locked("own==1", index="https://example.org/simple", url="https://example.org/own.whl"),
    )
    (one, _) = share([lock(locked("a==1"), *odd), lock(locked("a==1"), *odd)])
    assert pins(one, "common") == {"a": "1"}


def test_other_hashes_are_another_package():
    other = locked("a==1", hashes=("sha256:" + "1" * 64,))
    (one, _) = share([lock(locked("a==1")), lock(other)])
    assert pins(one, "common") == {}


def test_a_layer_that_holds_most_of_it_is_kept_and_else_chosen_anew():
    both = [lock(locked("a==1", size=80 * MB), locked("b==1", size=20 * MB))] * 2
    assert pins(share(both, {"a": "1"})[0], "common") == {"a": "1"}
    assert pins(share(both, {"b": "1"})[0], "common") == {"a": "1", "b": "1"}
    # What one of them has in another version now is no common package any more.
    moved = [both[0], lock(locked("a==2", size=80 * MB), locked("b==1", size=20 * MB))]
    assert pins(share(moved, {"a": "1", "b": "1"})[0], "common") == {"b": "1"}
