"""The image's size before it is built, and the room that building it takes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from makers import apt, lock, locked, spec

from jupyter_devbox.plan.estimate import BASE_BYTES, estimate_bytes, room_bytes
from jupyter_devbox.spec.environment import Accelerator
from jupyter_devbox.spec.snapshot import InstalledDistribution

MB, GB = 10**6, 10**9
ACCELERATOR = Accelerator(kind="cuda", version="12.6", driver_floor="525.60.13")


def packages_bytes(*packages, **more):
    return estimate_bytes(spec(**more), lock(*packages)) - BASE_BYTES


def known(name, version, size):
    return InstalledDistribution(name=name, version=version, size=size)


def test_sizes_that_are_known_are_preferred():
    numpy = locked("numpy==2.1", size=10 * MB)
    few = estimate_bytes(spec(), lock(numpy))
    many = estimate_bytes(spec(preferences=(known("numpy", "2.1", 500 * MB),)), lock(numpy))
    assert few < 250 * MB
    assert many > 500 * MB
    assert many % (10 * MB) == 0
    other = estimate_bytes(spec(preferences=(known("numpy", "2.0", 500 * MB),)), lock(numpy))
    assert other == few


def test_debian_packages_count():
    assert estimate_bytes(spec(apt=apt("ffmpeg")), lock()) > estimate_bytes(spec(), lock())


# Wheels as they were on the index on 2026-11-22: bytes of the wheel, and installed with bytecode.
@pytest.mark.parametrize(
    ("text", "wheel", "installed"),
    [
        ("torch==2.15.0", 539.1, 1218),
        ("triton==3.8.0", 285.8, 1046),
        ("tensorflow==2.21.0", 572.4, 1912),
        ("tensorflow-cpu==2.21.0", 273.8, 1314),
        ("jaxlib==0.10.2", 85.4, 364),
        ("jax-cuda13-pjrt==0.10.2", 124.4, 402),
        ("jax-cuda12-pjrt==0.10.2", 174.4, 480),
        ("nvidia-cublas==13.1", 404.9, 563),
        ("nvidia-nvjitlink==13.0", 46.6, 117),
        ("nvidia-cudnn-cu13==9.20", 519.2, 888),
        ("libcudf-cu12==26.10.0", 666.8, 1020),
        ("cupy-cuda12x==14.2.0", 136.6, 299),
        ("onnxruntime-gpu==1.31.1", 255.6, 355),
        ("pyarrow==21.0", 55.0, 175),
    ],
)
def test_a_large_wheel_s_size_comes_near(text, wheel, installed):
    made = packages_bytes(locked(text, size=round(wheel * MB)))
    assert made == pytest.approx(installed * MB, rel=0.25)


@given(
    st.sampled_from(["torch", "nvidia-cublas", "numpy", "x"]),
    st.integers(0, 10**10),
    st.integers(0, 10**10),
)
def test_nothing_is_smaller_than_its_wheel_and_building_takes_more_than_the_image(name, size, rest):
    environment = spec()
    lot = lock(locked(f"{name}==1", size=size), locked("y==1", size=rest, group="rest"))
    made = estimate_bytes(environment, lot)
    assert made >= BASE_BYTES + size + rest - 10 * MB
    planned = replace(environment, estimated_bytes=made)
    room = room_bytes(planned, lot)
    assert room >= made + size + rest - 10 * MB
    assert room_bytes(planned, lot, stable=False) <= room


def test_nvidia_s_images_count():
    big = replace(ACCELERATOR, image="nvidia/cuda:x", image_bytes=3 * GB, builder_bytes=7 * GB)
    environment = spec(accelerator=big)
    made = estimate_bytes(environment, lock())
    assert made == estimate_bytes(spec(), lock()) + 3 * GB
    planned = replace(environment, estimated_bytes=made)
    assert room_bytes(planned, lock()) == made + 10 * GB


def test_a_last_layer_alone_takes_its_own_packages_twice():
    many = lock(
        locked("torch==2.13.0", size=500 * MB), locked("six==1.16.0", size=20 * MB, group="rest")
    )
    assert room_bytes(spec(), many, stable=False) == round(2 * 20 * 3.2 / 10) * 10 * MB
