"""Which image, and which Python lies in it."""

from __future__ import annotations

import pytest
from makers import base

from jupyter_devbox.errors import BaseImageError, RequirementError
from jupyter_devbox.plan.base_image import LOWEST_PATCH, choose_base, with_facts
from jupyter_devbox.spec.container import ImageInfo
from jupyter_devbox.spec.project import ProjectOptions

pytestmark = pytest.mark.usefixtures("pure")


def choose(kernel="3.11.7", /, **options):
    return choose_base(kernel, ProjectOptions(**options), "linux/amd64")


@pytest.mark.parametrize("minor", sorted(LOWEST_PATCH))
def test_every_known_minor_has_a_slim_image(minor):
    image = choose(f"{minor}.99")
    assert image.ref == f"python:{minor}-slim-bookworm"
    assert image.python == f"{minor}.{LOWEST_PATCH[minor]}"
    assert image.digest is None
    assert minor in image.reason


@pytest.mark.parametrize(
    ("python", "nearest"),
    [("3.8.10", "3.9"), ("2.7.18", "3.9"), ("3.15.0", "3.14"), ("4.0", "3.14")],
)
def test_no_image_for_a_minor_offers_the_nearest(python, nearest):
    with pytest.raises(BaseImageError) as caught:
        choose(python)
    assert caught.value.message.endswith(f"`{'.'.join(python.split('.')[:2])}`")
    assert caught.value.hint == f"add --python {nearest}"


def test_the_user_s_python_comes_before_the_kernel_s():
    image = choose("3.15.0", python="3.12")
    assert image.ref == "python:3.12-slim-bookworm"
    assert "you asked for Python 3.12" in image.reason


def test_the_user_s_image():
    image = choose(base="localhost:5000/team/base:1.0")
    assert (image.ref, image.reason) == ("localhost:5000/team/base:1.0", "you asked for it")
    with pytest.raises(RequirementError):
        choose(base="python:latest")


@pytest.mark.parametrize("ref", ["python:3.12-slim-bookworm", "mirror.example/python:3.12"])
def test_an_image_that_says_it_holds_another_python(ref):
    with pytest.raises(BaseImageError) as caught:
        choose("3.11.7", base=ref)
    assert caught.value.hint == "add --python 3.12"
    assert choose("3.11.7", base=ref, python="3.12").ref == ref


# --- what the engine knows of it ---------------------------------------------------


def test_without_the_image_the_lowest_patch_is_assumed_and_said():
    image, origin = with_facts(choose(), None)
    assert image == choose()
    assert "assumed" in origin


def test_the_image_s_own_facts():
    info = ImageInfo(
        id="sha256:1", digest="sha256:2", platform="linux/arm64", env={"PYTHON_VERSION": "3.11.9"}
    )
    image, origin = with_facts(choose(), info)
    assert (image.python, image.platform, image.digest) == ("3.11.9", "linux/arm64", "sha256:2")
    assert "says so" in origin


def test_an_image_that_says_nothing_of_its_python():
    image, origin = with_facts(choose(), ImageInfo(id="sha256:1", platform="linux/amd64"))
    assert image.python == "3.11.2"
    assert "assumed" in origin


@pytest.mark.parametrize("said", ["3.11.x", "3.11.9\nRUN evil", "3.11", "$(id)", "3.11.9 "])
def test_an_image_that_says_nonsense_says_nothing(said):
    info = ImageInfo(id="sha256:1", env={"PYTHON_VERSION": said})
    assert with_facts(choose(), info)[0].python == "3.11.2"


def test_an_image_with_another_python_than_the_kernel_s():
    info = ImageInfo(id="sha256:1", env={"PYTHON_VERSION": "3.13.1"})
    with pytest.raises(BaseImageError, match=r"holds Python 3\.13\.1") as caught:
        with_facts(base(ref="team/base:1"), info)
    assert caught.value.hint == "add --python 3.13"
