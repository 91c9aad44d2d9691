"""The answers to a box that asks for cards which it can't have."""

from __future__ import annotations

import json

import pytest

from jupyter_devbox.engine.docker_errors import from_message
from jupyter_devbox.engine.gpu_errors import gpu_error
from jupyter_devbox.errors import EngineError, GpuUnavailableError

HOOK = (
    "failed to create task for container: failed to create shim task: OCI runtime create failed:"
    " runc create failed: unable to start container process: error during container init: error"
    " running hook #0: error running hook: exit status 1, stdout: , stderr: Auto-detected mode as"
    " 'legacy'\nnvidia-container-cli: {}: unknown"
)
NO_SUPPORT = "Docker has no NVIDIA support on the machine where it runs"


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        ('could not select device driver "" with capabilities: [[gpu]]', NO_SUPPORT, "nvidia-ctk"),
        (
            'could not select device driver "nvidia" with capabilities: [[gpu]]',
            NO_SUPPORT,
            "nvidia-ctk runtime configure",
        ),
        ("unknown or invalid runtime name: nvidia", NO_SUPPORT, "Container Toolkit"),
        (
            'could not select device driver "cdi" with capabilities: []',
            "Docker does not use the Container Device Interface (CDI), as it was asked to",
            '{"features": {"cdi": true}}',
        ),
        (
            "CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=7",
            "There is no such GPU on the machine where boxes run: `nvidia.com/gpu=7`",
            "nvidia-ctk cdi list",
        ),
        (
            HOOK.format("device error: 7: unknown device"),
            "There is no such GPU on the machine where boxes run: `7`",
            "nvidia-smi -L",
        ),
        (
            "unexpected count in CDI device request",
            "This engine doesn't take the way in which a GPU is asked of it",
            "docker version",
        ),
        (
            'error gathering device information while adding custom device "nvidia.com/gpu=0": no',
            "This engine doesn't take the way in which a GPU is asked of it",
            "docker version",
        ),
        (
            HOOK.format(
                "requirement error: unsatisfied condition: cuda>=12.8, please update your driver"
                " to a newer version, or use an earlier cuda container"
            ),
            "The NVIDIA driver is older than the image requires: `cuda>=12.8`",
            "containerize --target cuda",
        ),
        (
            HOOK.format("initialization error: nvml error: driver not loaded"),
            "The NVIDIA driver is not loaded on the machine where boxes run",
            "modprobe nvidia",
        ),
        (
            HOOK.format("initialization error: nvml error: driver/library version mismatch"),
            "The NVIDIA driver was updated and is not loaded yet",
            "restart the machine",
        ),
        (
            HOOK.format(
                "initialization error: load library failed: libnvidia-ml.so.1: cannot open shared"
                " object file: no such file or directory"
            ),
            "The NVIDIA driver is not installed on the machine where boxes run",
            "install the driver",
        ),
        (
            HOOK.format("mount error: failed to add device rules: bpf_prog_query failed"),
            "Docker runs without root, and NVIDIA's toolkit is not told so",
            "no-cgroups",
        ),
        (
            HOOK.format("mount error:  something\nnew"),
            "NVIDIA's toolkit can't give the box a GPU: `mount error: something new`",
            "nvidia-smi",
        ),
    ],
)
def test_sentences(said, message, hint):
    error = from_message(said)
    assert isinstance(error, GpuUnavailableError)
    assert error.message == message
    assert hint in error.hint
    assert "--target cpu" in error.hint
    assert "hook" not in str(error)


def test_every_answer_that_was_gathered(shared):
    rows = json.loads((shared / "data/cuda/docker_errors.json").read_text())["rows"]
    assert len(rows) == 9
    for row in rows:
        said = row["match"]
        known = gpu_error(said if "hook" not in row["when"] and row["seen"] else HOOK.format(said))
        assert known is not None, said
        assert "toolkit can't" not in known.message, said


def test_other_sentences_are_not_about_cards():
    for said in ("No such container: a", "no space left on device", "", "gpu"):
        assert gpu_error(said) is None
    assert type(from_message("some new sentence")) is EngineError


def test_its_code_and_exit_code():
    error = from_message('could not select device driver "" with capabilities: [[gpu]]')
    assert (error.code, error.exit_code) == ("no_gpu", 77)
    assert error.details == ("Restarting Docker stops the boxes that run.",)
