"""The CUDA twin's files beside the CPU's: one Dockerfile, a lock and a configuration each."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from makers import direct, lock, locked, spec

from jupyter_devbox.files import jsonc
from jupyter_devbox.files.configuration import check_configuration
from jupyter_devbox.files.merge import merge
from jupyter_devbox.render import render
from jupyter_devbox.spec.environment import Accelerator
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.reach import reach
from jupyter_devbox.spec.target_files import CUDA

CPU_SPEC = spec(direct("torch==2.13.0+cpu"))
CPU_LOCK = lock(locked("torch==2.13.0+cpu"))
SLIM = Accelerator(kind="cuda", version="13.0", driver_floor="580")
CUDA_LOCK = lock(locked("torch==2.13.0"), locked("nvidia-cublas==13.1"))


def files(accelerator=SLIM, cpu=CPU_LOCK, cuda=CUDA_LOCK):
    twin = replace(
        CPU_SPEC, target="cuda", requirements=(direct("torch==2.13.0"),), accelerator=accelerator
    )
    tree = render(CPU_SPEC, cpu, ProjectOptions(), uv_version="0.8.0", twin=(twin, cuda))
    return {
        file.path.removeprefix(".devcontainer/"): merge(file, None).content.decode(errors="replace")
        for file in tree.files
    }


def stages(text):
    """Return the names of a Dockerfile's stages with what they start from."""
    return {name: base for base, name in re.findall(r"^FROM (\S+) AS (\S+)$", text, re.MULTILINE)}


def test_each_target_has_its_own_lock_and_configuration():
    written = files()
    assert sorted(written) == [
        "Dockerfile", "cuda/devcontainer.json", "devcontainer.json", "requirements.cuda.in",
        "requirements.cuda.stable.txt", "requirements.cuda.txt", "requirements.in",
        "requirements.stable.txt", "requirements.txt",
        "wheels/jupyter_devbox-0.1.0-py3-none-any.whl",
    ]  # fmt: skip
    assert "torch==2.13.0+cpu" in written["requirements.stable.txt"]
    assert "nvidia-cublas==13.1" in written["requirements.cuda.stable.txt"]
    assert "\n-r requirements.cuda.stable.txt\n" in written["requirements.cuda.txt"]


def test_the_configuration_is_one_that_nobody_has_to_be_asked_about():
    value = jsonc.parse(files()["cuda/devcontainer.json"]).value
    check_configuration(value)
    assert reach(value, CUDA.configuration) == ()
    assert value["build"]["dockerfile"] == "../Dockerfile"
    assert value["build"]["context"] == ".."
    assert value["build"]["args"] == {"LOCK": "requirements.cuda"}
    assert value["hostRequirements"] == {"gpu": "optional"}
    assert "runArgs" not in value
    assert value["name"] == "digits · CUDA"


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        ({"LOCK": "requirements"}, CUDA.configuration),
        ({"LOCK": "requirements.cuda", "BASE": "evil"}, CUDA.configuration),
        ({"LOCK": "requirements.cuda"}, ".devcontainer/devcontainer.json"),
        ("LOCK", CUDA.configuration),
    ],
)
def test_other_build_arguments_are_asked_about(arguments, file):
    (finding,) = reach({"build": {"args": arguments}}, file)
    assert finding.kind == "image"


def test_without_anything_of_nvidias_the_dockerfile_is_the_cpus():
    plain = render(CPU_SPEC, CPU_LOCK, ProjectOptions(), uv_version="0.8.0")
    (alone,) = (f for f in plain.files if f.path.endswith("Dockerfile"))
    assert merge(alone, None).content.decode() == files()["Dockerfile"]


def test_cudas_libraries_are_copied_where_no_wheel_brings_them():
    image = "nvidia/cuda:12.6.3-cudnn-runtime-ubuntu22.04"
    text = files(replace(SLIM, image=image))["Dockerfile"]
    found = stages(text)
    assert found["nvidia"] == image
    assert found["base-requirements"] == found["base-requirements.cuda"] == "${BASE}"
    assert found["final"] == "base-${LOCK}"
    assert "cp -a /run/devbox/nvidia/usr/local/cuda-12.6 /usr/local/cuda" in text


def test_what_needs_nvcc_is_built_in_a_stage_of_its_own():
    image = "nvidia/cuda:13.0.2-cudnn-devel-ubuntu22.04"
    compiled = lock(*CUDA_LOCK.packages[:2], locked("flash-attn==2.8.3", compiled=True))
    text = files(replace(SLIM, builder=image), cuda=compiled)["Dockerfile"]
    found = stages(text)
    assert found["compiler"] == image
    assert found["builder"] == "builder-${LOCK}"
    cpu, _, cuda = text.partition("AS builder-requirements.cuda\n")
    assert "flash-attn" not in cpu
    assert "from=compiler,source=/usr/local/cuda-13.0,target=/usr/local/cuda" in cuda
    assert "--no-build-isolation" in cuda
    assert "torch==2.13.0" in cuda.partition("flash-attn==2.8.3")[2]
    assert "FROM nvidia" not in text.partition("AS final")[2]


def test_what_the_cpu_compiles_does_not_stand_in_the_way_of_the_twin():
    text = files(cpu=lock(locked("wordfreq==1", compiled=True)))["Dockerfile"]
    _, _, cuda = text.partition("AS builder-requirements.cuda\n")
    assert cuda.startswith("RUN mkdir /wheels\n")
    assert 'if [ -n "$(ls /run/devbox/compiled)" ]' in text
