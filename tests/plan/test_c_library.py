"""Which wheels a base image takes, and which images take none."""

from __future__ import annotations

import pytest
from makers import base, snapshot

from jupyter_devbox.errors import BaseImageError
from jupyter_devbox.plan.c_library import OLDEST, RELEASES, with_library
from jupyter_devbox.plan.planner import PlanInputs, plan
from jupyter_devbox.spec.container import ImageInfo
from jupyter_devbox.spec.project import ProjectOptions

pytestmark = pytest.mark.usefixtures("pure")


def library(ref, labels=None):
    image = ImageInfo(id="sha256:1", labels=labels) if labels else None
    return with_library(base(ref=ref), image)


@pytest.mark.parametrize(
    ("ref", "release"),
    [
        ("python:3.11-slim-bullseye", "bullseye"),
        ("mirror.example:5000/python:3.13-trixie", "trixie"),
        ("debian:12-slim", "bookworm"),
        ("ubuntu:22.04", "jammy"),
        ("nvidia/cuda:12.4.1-runtime-ubuntu20.04", "focal"),
        ("team/noble-python:1", "noble"),
    ],
)
def test_the_name_tells_the_release(ref, release):
    found, (decision,) = library(ref)
    assert found.glibc == RELEASES[release]
    assert (decision.what, release in decision.reason) == ("glibc", True)


def test_our_own_choice_needs_no_word():
    assert library("python:3.11-slim-bookworm") == (base(), ())


@pytest.mark.parametrize("ref", ["python:3.11", "team/base:1", "team/jammyjam:22.04"])
def test_where_nothing_tells_the_oldest_is_assumed(ref):
    found, (decision,) = library(ref)
    assert found.glibc == OLDEST == (2, 31)
    assert "assumed" in decision.reason


def test_ubuntu_s_labels_come_before_a_name():
    labels = {
        "org.opencontainers.image.ref.name": "ubuntu",
        "org.opencontainers.image.version": "24.04",
    }
    assert library("team/alpine-tools:1", labels)[0].glibc == RELEASES["noble"]
    labels["org.opencontainers.image.version"] = "x"
    assert library("team/base:1", labels)[0].glibc == OLDEST


@pytest.mark.parametrize(
    "ref",
    [
        "python:3.11-alpine",
        "python:3.12-alpine3.20",
        "gcr.io/distroless/python3-debian12:nonroot",
        "registry.example/ubi9/python-311:1",
        "fedora:41",
        "python:3.11-distroless-bookworm",
    ],
)
def test_an_image_without_apt_is_refused_before_anything_is_built(ref):
    with pytest.raises(BaseImageError) as caught:
        library(ref)
    assert caught.value.message.endswith(f"`{ref}`")
    assert caught.value.hint == "add --base python:3.11-slim-bookworm"


def test_the_plan_says_it():
    inputs = PlanInputs(
        project="digits",
        target="cpu",
        snapshots=(snapshot(),),
        options=ProjectOptions(base="python:3.11-slim-bullseye"),
    )
    spec = plan(inputs)
    assert spec.base_image.glibc == (2, 31)
    assert [d.choice for d in spec.decisions if d.what == "glibc"] == ["2.31"]
