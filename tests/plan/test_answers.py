"""The user's answers to imports that nobody is known to provide."""

from __future__ import annotations

from dataclasses import replace

import pytest
from makers import captured, snapshot

from jupyter_devbox.errors import RequirementError
from jupyter_devbox.plan.answers import apply_answers
from jupyter_devbox.plan.options import merge_options
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.snapshot import InstalledDistribution, UnresolvedImport

pytestmark = pytest.mark.usefixtures("pure")

OPEN = (UnresolvedImport(name="cv2", cells=(2, 5)), UnresolvedImport(name="lab.tools", cells=(3,)))


def test_an_answered_import_is_a_requirement_and_the_rest_stays_open():
    asked = replace(snapshot(captured("numpy==2.1")), unresolved=OPEN)
    answered = apply_answers(asked, ["cv2=OpenCV.Python[gui]>=4"])
    (opencv,) = [r for r in answered.requirements if r.name != "numpy"]
    assert (opencv.name, opencv.extras, opencv.specifier) == ("opencv-python", ("gui",), ">=4")
    assert (opencv.imports, opencv.cells, opencv.reason) == (("cv2",), (2, 5), "import")
    assert [u.name for u in answered.unresolved] == ["lab.tools"]


def test_what_the_kernel_has_of_it_is_taken():
    have = (InstalledDistribution(name="labkit", version="0.3"),)
    asked = replace(snapshot(), unresolved=OPEN, installed=have)
    (labkit,) = apply_answers(asked, ["lab.tools=labkit"]).requirements
    assert labkit.version == "0.3"


def test_one_package_may_be_two_answers_or_be_there_already():
    asked = replace(snapshot(captured("kit==1.0", extras=("x",))), unresolved=OPEN)
    (kit,) = apply_answers(asked, ["cv2=kit[y]", "lab.tools=kit"]).requirements
    assert (kit.version, kit.extras, kit.imports) == (
        "1.0",
        ("x", "y"),
        ("cv2", "kit", "lab.tools"),
    )
    assert kit.cells == (2, 3, 5)


def test_an_answer_to_nothing_adds_nothing():
    assert apply_answers(snapshot(), ["cv2=opencv-python"]) == snapshot()


def test_the_newest_answer_is_remembered():
    before = ProjectOptions(provides=("a=one", "cv2=opencv-python"))
    merged = merge_options(before, ProjectOptions(provides=("cv2=opencv-python-headless",)))
    assert merged.provides == ("a=one", "cv2=opencv-python-headless")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cv2",
        "=x",
        "cv2=",
        "c v=x",
        "cv2=x @ https://host/x.whl",
        "cv2=-r x",
        "a/b=x",
        "cv2=x\ny",
    ],
)
def test_what_is_no_answer(text):
    with pytest.raises(RequirementError) as caught:
        merge_options(ProjectOptions(), ProjectOptions(provides=(text,)))
    assert caught.value.hint
