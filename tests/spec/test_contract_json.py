"""What other programs read: the objects of `--json`, as DESIGN fixes them."""

from __future__ import annotations

import json

from makers import apt, direct, spec

from jupyter_devbox.spec.environment import Accelerator, Decision
from jupyter_devbox.spec.snapshot import (
    AptRequirement,
    CapturedRequirement,
    CaptureWarning,
    KernelSnapshot,
    LocalModule,
    UnresolvedImport,
)


def _contains(value, expected):
    """Tell whether a JSON value has all that the contract names; more keys are allowed."""
    if isinstance(expected, dict):
        assert isinstance(value, dict)
        for key, inner in expected.items():
            assert key in value
            _contains(value[key], inner)
    elif isinstance(expected, list):
        assert isinstance(value, list)
        for one, inner in zip(value, expected, strict=True):
            _contains(one, inner)
    else:
        assert value == expected


def test_capture():
    snapshot = KernelSnapshot(
        python="3.11.7",
        platform="linux/amd64",
        requirements=(
            CapturedRequirement(name="scikit-learn", version="1.5.2", imports=("sklearn.svm",)),
            CapturedRequirement(
                name="mine", reason="install", source="vcs", url="git+https://h/m@1"
            ),
        ),
        apt=(AptRequirement(name="ffmpeg", reason="!apt-get"),),
        local_modules=(LocalModule(name="helpers", path="helpers.py"),),
        unresolved=(UnresolvedImport(name="foo", cells=(3,)),),
        warnings=(CaptureWarning(code="syntax", message="cell 2 is broken", cell=2),),
    )
    said = json.loads(json.dumps(snapshot.to_json()))
    _contains(
        said,
        {
            "schema": 1,
            "python": "3.11.7",
            "platform": "linux/amd64",
            "requirements": [
                {
                    "name": "scikit-learn", "version": "1.5.2", "extras": [],
                    "imports": ["sklearn.svm"], "reason": "import", "source": "index", "url": None,
                },
                {"name": "mine", "version": None, "source": "vcs", "url": "git+https://h/m@1"},
            ],
            "apt": [{"name": "ffmpeg", "reason": "!apt-get"}],
            "local_modules": [{"name": "helpers", "path": "helpers.py"}],
            "unresolved": [{"import": "foo", "cells": [3]}],
            "warnings": [{"code": "syntax", "message": "cell 2 is broken", "cell": 2}],
        },
    )  # fmt: skip


def test_plan():
    value = spec(
        direct("numpy==2.1.0"),
        direct("pandas==2.2", extras=("excel",)),
        apt=apt("ffmpeg"),
        indexes=("https://index/simple",),
        estimated_bytes=810_000_000,
        accelerator=Accelerator(kind="cuda", version="12.4", driver_floor="525.60.13"),
        decisions=(Decision(what="python", choice="3.11.2", reason="so"),),
    )
    _contains(
        json.loads(json.dumps(value.to_json())),
        {
            "target": "cpu",
            "python": "3.11",
            "base_image": {"ref": "python:3.11-slim-bookworm", "reason": "it fits"},
            "requirements": ["numpy==2.1.0", "pandas[excel]==2.2"],
            "indexes": ["https://index/simple"],
            "apt": ["ffmpeg"],
            "accelerator": {"kind": "cuda", "version": "12.4", "driver_floor": "525.60.13"},
            "estimated_bytes": 810_000_000,
            "decisions": [{"what": "python", "choice": "3.11.2", "reason": "so"}],
        },
    )
    assert spec().to_json()["accelerator"] is None
