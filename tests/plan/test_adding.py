"""What a box's changes come to: options, versions that must come out, and clashes."""

from __future__ import annotations

import pytest

from jupyter_devbox.plan.adding import Additions, Clash, additions, clashes, unlocked
from jupyter_devbox.spec.by_hand import ByHand, HandPackage
from jupyter_devbox.spec.environment import AptPackage, DirectRequirement
from jupyter_devbox.spec.lock import Lock, LockedPackage
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.snapshot import CapturedRequirement, KernelSnapshot

pytestmark = pytest.mark.usefixtures("pure")


def hand(name: str, version: str = "1.0", **more: object) -> HandPackage:
    return HandPackage(name=name, version=version, **more)


def line(name: str, specifier: str = "", reason: str = "import") -> DirectRequirement:
    return DirectRequirement(name=name, specifier=specifier, reason=reason, notebooks=("n.ipynb",))


def uses(*names: str, **source: str) -> KernelSnapshot:
    return KernelSnapshot(
        notebook="n.ipynb",
        requirements=tuple(CapturedRequirement(name=name, **source) for name in names),
    )


def lock(**versions: str) -> Lock:
    packages = tuple(
        LockedPackage(name=name, version=version, hashes=()) for name, version in versions.items()
    )
    return Lock(python="3.11.2", platform="linux/amd64", packages=packages)


def test_what_no_notebook_names_becomes_an_option():
    found = ByHand(added=(hand("equinox", "0.13.2"), hand("scipy", "1.16.2+cpu")))
    made = additions(found, ExistingEnvironment(), [uses("scipy")])
    assert made.include == ("equinox==0.13.2",)
    assert [p.name for p in made.wanted] == ["equinox", "scipy"]
    assert additions(found, ExistingEnvironment(), []).include == (
        "equinox==0.13.2",
        "scipy==1.16.2",
    )


def test_what_is_locked_already_and_what_is_ours_is_nothing():
    found = ByHand(added=(hand("six"), hand("pip"), hand("ipykernel"), hand("jupyter-devbox")))
    assert unlocked(found, {"six": "1.0"}) == ()
    assert unlocked(found, {"six": "1.0+cpu"}) == ()
    assert [p.name for p in unlocked(found, {"six": "0.9"})] == ["six"]
    assert additions(found, ExistingEnvironment(locked={"six": "1.0"}), []) == Additions()


def test_a_line_of_the_user_s_own_stays_the_user_s():
    existing = ExistingEnvironment(requirements=(line("six", ">=1.16", "hand"),))
    made = additions(ByHand(added=(hand("six", "1.17"),)), existing, [])
    assert made.include == ()
    assert [p.name for p in made.wanted] == ["six"]


def test_no_index_stands_in_for_an_address():
    found = ByHand(added=(hand("mine", addressed=True),))
    for snapshots in ([], [uses("mine")]):
        made = additions(found, ExistingEnvironment(), snapshots)
        assert (made.include, made.wanted) == ((), ())
        assert [p.name for p in made.left_out] == ["mine"]
    made = additions(found, ExistingEnvironment(), [uses("mine", source="vcs", url="git+x")])
    assert made == Additions()


def test_what_was_removed():
    options = ProjectOptions(include=("Six==1.0", "idna"))
    existing = ExistingEnvironment(
        requirements=(line("six", reason="option"), line("numpy"), line("mine", reason="hand")),
        options=options,
        locked={"six": "1", "idna": "3", "numpy": "2", "mine": "1", "tzdata": "1"},
    )
    found = ByHand(removed=dict.fromkeys(("six", "idna", "numpy", "mine", "tzdata"), "1"))
    made = additions(found, existing, [uses("idna")])
    assert made.drop == ("six",)
    assert made.kept == ("numpy", "mine")
    assert made.include == ()


def test_debian_packages_that_the_files_lack():
    existing = ExistingEnvironment(
        apt=(AptPackage(name="git", reason="x"),), options=ProjectOptions(apt=("jq",))
    )
    assert additions(ByHand(apt=("ffmpeg", "git", "jq")), existing, []).apt == ("ffmpeg",)


class TestClashes:
    BEFORE = {"numpy": "2.1.3", "pandas": "2.2.3"}  # noqa: RUF012

    def found(self, wanted: HandPackage, after: Lock, **box: str) -> list[Clash]:
        return list(clashes([wanted], {"numpy", "pandas"}, self.BEFORE, after, box))

    def test_none(self):
        after = lock(numpy="2.1.3", pandas="2.2.3", six="1.0")
        assert self.found(hand("six"), after) == []
        assert self.found(hand("six", "1.0+cpu"), after) == []

    def test_the_lock_has_another_version(self):
        after = lock(numpy="2.1.3", pandas="2.2.3")
        assert self.found(hand("numpy", "1.26.4", before="2.1.3"), after) == [
            Clash(name="numpy", box="1.26.4", lock="2.1.3", planned="2.1.3")
        ]
        assert self.found(hand("six"), after) == [Clash(name="six", box="1.0", lock="", planned="")]

    def test_another_package_would_move(self):
        after = lock(numpy="1.26.4", pandas="1.5.0")
        box = {"numpy": "1.26.4", "pandas": "2.2.3"}
        assert self.found(hand("numpy", "1.26.4"), after, **box) == [
            Clash(name="pandas", box="2.2.3", lock="2.2.3", planned="1.5.0")
        ]

    def test_it_moved_in_the_box_too(self):
        after = lock(numpy="1.26.4", pandas="2.2.3", old="1.0")
        assert self.found(hand("old"), after, numpy="1.26.4") == []

    def test_without_anything_by_hand_the_lock_may_move(self):
        after = lock(numpy="1.26.4", pandas="1.5.0")
        assert list(clashes([], {"numpy"}, self.BEFORE, after, {})) == []
