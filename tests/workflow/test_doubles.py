"""Two names of one module in a lock are said, for each target, with who asks for which."""

from __future__ import annotations

import pytest
from makers import captured, snapshot
from simple_index import Index

from jupyter_devbox.files.project import Project
from jupyter_devbox.spec.gpu import GpuHost
from jupyter_devbox.spec.project import ExistingEnvironment
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.planning import make_plan
from jupyter_devbox.workflow.requests import ContainerizeRequest

NEEDS = {"ocr": ("onnxruntime",), "fast-ocr": ("onnxruntime",), "ocr-gpu": ("onnxruntime-gpu",)}


@pytest.fixture
def planned(tmp_path, monkeypatch):
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    index = Index(tmp_path / "cache")
    for name in ("ipykernel", "pip", "ipython", "onnxruntime"):
        index.add(name, "1.22.0")
    index.add("onnxruntime-gpu", "1.22.0")
    for name, needs in NEEDS.items():
        index.add(name, "1.0", *needs)

    def plan(*requirements, targets=("cpu",)):
        context = Context(
            home=tmp_path,
            env={"UV_DEFAULT_INDEX": index.url},
            data=tmp_path / "data",
            kernels=tmp_path / "kernels",
        )
        request = ContainerizeRequest(
            targets=targets, gpu_host=GpuHost(driver="550.54", origin="--driver"), dry_run=True
        )
        facts = (snapshot(*requirements, python="3.11.7"),)
        project = Project(root=tmp_path / "p", reason="--project")
        return make_plan(context, request, project, ExistingEnvironment(), facts, engine=None)

    yield plan
    index.close()


def said(spec):
    return {d.what: d.reason for d in spec.decisions if " and " in d.choice}


def test_what_asks_for_each_is_named(planned):
    plan = planned(
        *(captured(f"{name}==1.0") for name in NEEDS),
        captured("onnxruntime==1.22.0", cells=(2,)),
        targets=("cpu", "cuda"),
    )
    (cpu,) = said(plan.environments[0].spec).values()
    assert "onnxruntime is there for fast-ocr and ocr and a.ipynb, " in cpu
    assert cpu.endswith("onnxruntime-gpu is there for ocr-gpu")
    (cuda,) = said(plan.environments[0].twin.spec).values()
    assert "onnxruntime is there for fast-ocr and ocr, " in cuda
    assert cuda.endswith("onnxruntime-gpu is there for ocr-gpu and a.ipynb")


def test_one_name_alone_is_no_word_worth(planned):
    plan = planned(captured("ocr==1.0"), captured("onnxruntime==1.22.0"))
    assert said(plan.environments[0].spec) == {}
