"""What a notebook's drift says besides what was done in its box."""

from __future__ import annotations

from jupyter_devbox.spec.by_hand import ByHand, HandPackage
from jupyter_devbox.spec.environment import DirectRequirement
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.snapshot import CapturedRequirement, KernelSnapshot, UnresolvedImport
from jupyter_devbox.workflow.drift import Difference, drift, hand_drift

EXISTING = ExistingEnvironment(
    requirements=(
        DirectRequirement(
            name="scikit-learn",
            specifier="==1.5.2",
            reason="import",
            detail="sklearn.svm",
            notebooks=("n.ipynb",),
        ),
    ),
    options=ProjectOptions(include=("six",), exclude=("pandas",)),
    locked={"scikit-learn": "1.5.2", "scipy": "1.15.3", "six": "1.17.0"},
)


def test_by_hand_and_not_said_yet():
    found = ByHand(
        added=(
            HandPackage(name="equinox", version="0.13.2"),
            HandPackage(name="scipy", version="1.16.2", before="1.15.3"),
            HandPackage(name="seaborn", version="0.13.2"),
            HandPackage(name="mine", version="1", addressed=True),
        ),
        removed={"six": "1.17.0", "scikit-learn": "1.5.2"},
    )
    known = (Difference(kind="added", name="seaborn"),)
    assert [(d.kind, d.name, d.pinned) for d in hand_drift(found, EXISTING, known)] == [
        ("added", "equinox", ""),
        ("changed", "scipy", "==1.15.3"),
        ("removed", "six", ""),
    ]


def test_an_import_that_only_the_line_explains_is_still_used():
    snapshot = KernelSnapshot(
        notebook="n.ipynb", unresolved=(UnresolvedImport(name="sklearn.svm", cells=(1,)),)
    )
    assert drift(snapshot, EXISTING) == ()
    (gone,) = drift(KernelSnapshot(notebook="n.ipynb"), EXISTING)
    assert (gone.kind, gone.name) == ("removed", "scikit-learn")


def test_what_the_user_excludes_is_no_drift():
    uses = tuple(CapturedRequirement(name=n, version="1") for n in ("pandas", "scikit-learn"))
    found = drift(KernelSnapshot(notebook="n.ipynb", requirements=uses), EXISTING)
    assert [(d.kind, d.name) for d in found] == [("changed", "scikit-learn")]
