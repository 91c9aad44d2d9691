"""A planned twin is locked: from torch's own index, and as the catalogue says from the common."""

from __future__ import annotations

from dataclasses import replace

import pytest
from makers import base, direct, spec

from jupyter_devbox.catalogue import read_catalogue
from jupyter_devbox.errors import IndexUnreachableError, ResolutionError, UntrustedProjectError
from jupyter_devbox.lock import lock_environment
from jupyter_devbox.plan.cuda import accelerate, decelerate, doubles
from jupyter_devbox.spec.gpu import GpuHost
from jupyter_devbox.spec.project import ExistingEnvironment

NEW = ExistingEnvironment()
PLACE = {"python": "3.12", "platform": "linux/amd64"}


def planned(*lines, driver, catalogue):
    host = GpuHost(driver=driver)
    return accelerate(tuple(map(direct, lines)), host=host, catalogue=catalogue, **PLACE)


def locked(requirements, env=None, platform="linux/amd64", **more):
    image = base(ref="python:3.12-slim-bookworm", python="3.12.0", platform=platform)
    environment = spec(*requirements, python="3.12", base_image=image, target="cuda")
    return lock_environment(environment, NEW, env or {}, **more)


def versions(found):
    return {p.name: p.version for p in found.packages if p.name != "jupyter-devbox"}


# --- torch's own index, stood in for ------------------------------------------------------------


@pytest.fixture
def torchs(index):
    """torch's own index: one folder a build, here one index for all."""
    made = type(index)(index.cache)
    for tag in ("cpu", "cu126"):
        made.add("torch", f"2.13.0+{tag}", *([] if tag == "cpu" else ["nvidia-cublas-cu12"]))
        made.add("torchvision", f"0.28.0+{tag}", "torch==2.13.0")
    index.add("torch", "2.13.0", "nvidia-cublas")
    index.add("torchvision", "0.28.0", "torch==2.13.0")
    index.add("nvidia-cublas", "13.1")
    index.add("nvidia-cublas-cu12", "12.6")
    yield made
    made.close()


def test_a_twin_is_locked_from_torchs_index_and_what_it_needs_is_not(index, torchs):
    catalogue = replace(read_catalogue(), torch_index=torchs.url)
    family = ("torch==2.13.0", "torchvision==0.28.0")
    twin = planned(*family, driver="550.54", catalogue=catalogue)
    found = versions(locked(twin.requirements, index.env))
    assert found == {
        "nvidia-cublas-cu12": "12.6",
        "torch": "2.13.0+cu126",
        "torchvision": "0.28.0+cu126",
    }
    assert not any("nvidia" in path for path in torchs.asked)
    back, _ = decelerate(twin.requirements, catalogue=catalogue, **PLACE)
    assert versions(locked(back, index.env)) == {
        "torch": "2.13.0+cpu",
        "torchvision": "0.28.0+cpu",
    }


def test_an_index_that_does_not_answer_is_named(index, torchs):
    catalogue = replace(read_catalogue(), torch_index=torchs.url)
    twin = planned("torch==2.13.0", driver="550.54", catalogue=catalogue)
    torchs.close()
    with pytest.raises(IndexUnreachableError) as caught:
        locked(twin.requirements, index.env)
    assert caught.value.message.endswith(f"`{torchs.url}`")
    assert "torch==2.13.0+cu126" in caught.value.message
    assert "--target cpu" in caught.value.hint


def test_a_build_that_its_index_lacks_is_not_swapped_for_one_that_does_not_run(index, torchs):
    catalogue = replace(read_catalogue(), torch_index=torchs.url)
    twin = planned("torch==2.12.0", driver="550.54", catalogue=catalogue)
    index.add("torch", "2.12.0")
    with pytest.raises(ResolutionError, match=r"The one index of torch==2\.12\.0\+cu126 has none"):
        locked(twin.requirements, index.env)


def test_without_the_cpu_build_the_usual_one_is_taken_and_said(index, torchs):
    catalogue = replace(read_catalogue(), torch_index=torchs.url)
    cpu, _ = decelerate((direct("torch==2.13.0"),), catalogue=catalogue, **PLACE)
    torchs.pages.clear()
    found = locked(cpu, index.env)
    assert versions(found)["torch"] == "2.13.0"
    (decision,) = [d for d in found.decisions if d.what == "torch"]
    assert torchs.url in decision.reason


def test_the_catalogues_index_needs_no_trust_in_the_project(index, torchs):
    catalogue = replace(read_catalogue(), torch_index=torchs.url)
    cpu, _ = decelerate((direct("torch==2.13.0"),), catalogue=catalogue, **PLACE)
    assert versions(locked(cpu, index.env, trusted=False))["torch"] == "2.13.0+cpu"
    foreign = (replace(cpu[0], catalogued=False),)
    with pytest.raises(UntrustedProjectError):
        locked(foreign, index.env, trusted=False)


# --- the world's own index -------------------------------------------------------------------


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "driver", "runtime"),
    [
        ("torch==2.13.0", "580.95", ("nvidia-cuda-runtime", "13.0")),
        ("torch==2.7.1", "550.54", ("nvidia-cuda-runtime-cu12", "12.6")),
        ("tensorflow-cpu==2.19.1", "550.54", ("nvidia-cuda-runtime-cu12", "12.5")),
        ("jax==0.8.3", "550.54", ("nvidia-cuda-runtime-cu12", "12.9")),
        ("jax==0.8.3", "580.95", ("nvidia-cuda-runtime", "13.")),
        ("onnxruntime==1.23.2", "550.54", ("nvidia-cuda-runtime-cu12", "12.")),
    ],
)
def test_what_is_locked_is_what_the_catalogue_says(line, driver, runtime):
    catalogue = read_catalogue()
    twin = planned(line, driver=driver, catalogue=catalogue)
    found = locked(twin.requirements)
    assert versions(found)[runtime[0]].startswith(runtime[1])
    assert doubles(versions(found), catalogue) == ()
    own = sum(p.size for p in found.packages if p.name not in {"jupyter-devbox", "ipykernel"})
    assert twin.download_bytes is None or own == pytest.approx(twin.download_bytes, rel=0.1)


@pytest.mark.network
@pytest.mark.slow
def test_the_lock_for_arm_is_of_its_wheels():
    host, lines = GpuHost(driver="580.95"), (direct("torch==2.13.0"),)
    place = {**PLACE, "platform": "linux/arm64"}
    twin = accelerate(lines, host=host, catalogue=read_catalogue(), **place)
    found = locked(twin.requirements, platform="linux/arm64")
    assert found.platform == "linux/arm64"
    assert versions(found)["nvidia-cuda-runtime"].startswith("13.0")
    torch = next(p for p in found.packages if p.name == "torch")
    amd = next(p for p in locked(twin.requirements).packages if p.name == "torch")
    assert not {*torch.hashes} & {*amd.hashes}
