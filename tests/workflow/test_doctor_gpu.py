"""What `doctor` says of graphics cards."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from engine.conftest import BASE
from engine.fake import FakeEngine

from jupyter_devbox.engine.gpu import OVERRIDE
from jupyter_devbox.engine.gpu_errors import TOOLKIT
from jupyter_devbox.errors import EngineNotRunningError
from jupyter_devbox.spec.container import BuildRequest, EngineInfo
from jupyter_devbox.workflow import doctor_gpu
from jupyter_devbox.workflow import gpu_host as host_module
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.doctor import diagnose
from jupyter_devbox.workflow.gpu_host import gpu_host
from jupyter_devbox.workflow.making import LABEL_PROJECT

pytestmark = pytest.mark.skipif(
    Path("/sys/module/nvidia").exists(), reason="this machine has a card of its own"
)
CARDS = "GPU-1, NVIDIA A10, 23028, 550.54.14, 8.6\nGPU-2, NVIDIA A10, 23028, 550.54.14, 8.6\n"
A10 = "NVIDIA A10, 22 GiB, compute capability 8.6"


@pytest.fixture
def nvidia_smi(tmp_path) -> Path:
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n/bin/cat <<'END'\n{CARDS}END\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def context(tmp_path):
    def make(engine: FakeEngine | None, **env: str) -> Context:
        def connect() -> FakeEngine:
            if engine is None:
                raise EngineNotRunningError("Docker isn't running", hint="start it")
            return engine

        env.setdefault("PATH", str(tmp_path / "empty"))
        return Context(
            home=tmp_path, env=env, data=tmp_path / "data", kernels=tmp_path / "k", connect=connect
        )

    return make


@pytest.fixture
def engine(tmp_path, nvidia_smi):
    made: list[FakeEngine] = []

    def make(*, cards: int, image: bool = True, local: bool = True) -> FakeEngine:
        class Here(FakeEngine):
            def info(self) -> EngineInfo:
                return EngineInfo(
                    name="fake", version="1", rootless=False, platform="linux/amd64", local=local
                )

        root = tmp_path / f"engine{len(made)}"
        root.mkdir()
        made.append(Here(root, [BASE], nvidia_smi=nvidia_smi, cards=cards))
        if image:
            (root / "Dockerfile").write_text(f"FROM {BASE}\n")
            request = BuildRequest(context=str(root), labels={LABEL_PROJECT: "/p"})
            made[-1].build(request, lambda _: None, threading.Event())
        return made[-1]

    yield make
    for one in made:
        one.close()


def said(context: Context, engine: FakeEngine | None) -> dict[str, tuple[bool, str, str]]:
    found = doctor_gpu.gpu_checks(context, engine)
    return {check.name: (check.ok, check.found, check.hint) for check in found}


def test_a_machine_without_is_well(context, engine):
    nothing = (
        True,
        "this machine has no NVIDIA GPU; CUDA images can be planned and built, and run elsewhere",
        "",
    )
    for one in (None, engine(cards=0)):
        assert said(context(one), one) == {"gpu": nothing}


def test_a_driver_that_the_user_names(context):
    told = said(context(None, **{OVERRIDE: "550.54"}), None)
    assert told["gpu"][0]
    assert told["gpu driver"] == (True, f"550.54 ({OVERRIDE})", "")


def test_cards_that_boxes_get(context, engine, nvidia_smi):
    one = engine(cards=2)
    mine = context(one, PATH=str(nvidia_smi.parent))
    assert said(mine, one) == {
        "gpu": (True, f"2 x {A10}", ""),
        "gpu driver": (True, "550.54.14 (nvidia-smi)", ""),
        "gpu in boxes": (True, "a box sees 2 GPUs (by NVIDIA's runtime)", ""),
    }
    assert one.containers({}) == ()
    assert list(mine.ledger.entries("kernel")) == []


def test_cards_that_boxes_do_not_get(context, engine, nvidia_smi):
    one = engine(cards=0)
    mine = context(one, PATH=str(nvidia_smi.parent))
    assert said(mine, one)["gpu in boxes"] == (False, "no NVIDIA support", "choose --target cpu")
    assert one.containers({}) == ()
    diagnosis = diagnose(mine)
    assert not diagnosis.ok
    assert "gpu in boxes" in {check["name"] for check in diagnosis.to_json()["checks"]}


def test_without_an_image_to_try_it_with(context, engine, nvidia_smi, monkeypatch):
    monkeypatch.setattr(host_module, "_TOOLS", ("no-such-tool",))
    env = {"PATH": str(nvidia_smi.parent)}
    one = engine(cards=2, image=False)
    ok, found, _ = said(context(one, **env), one)["gpu in boxes"]
    assert ok
    assert "not tried" in found
    other = engine(cards=0, image=False)
    ok, found, hint = said(context(other, **env), other)["gpu in boxes"]
    assert (ok, hint) == (False, TOOLKIT)
    assert "no NVIDIA Container Toolkit found" in found
    monkeypatch.setattr(host_module, "_TOOLS", ("sh",))
    assert said(context(other, **env), other)["gpu in boxes"][0]


def test_a_driver_whose_tool_is_broken(context, engine, nvidia_smi):
    nvidia_smi.write_text("#!/bin/sh\necho 'NA, NA, NA, 550.54.14, NA'\n")
    told = said(context(None, PATH=str(nvidia_smi.parent)), None)
    assert told["gpu"] == (
        False,
        "the NVIDIA driver is loaded, and nvidia-smi names no card",
        "nvidia-smi",
    )


def test_an_engine_on_another_machine(context, engine):
    far = engine(cards=1, local=False)
    mine = context(far)
    assert gpu_host(mine, far).driver == "550.54.14"
    told = said(mine, far)
    assert told["gpu driver"][1] == "550.54.14 (nvidia-smi in a container)"
    assert told["gpu in boxes"][0]
    none = engine(cards=0, local=False)
    assert "the machine that boxes run on has no NVIDIA GPU" in said(context(none), none)["gpu"][1]
    blind = engine(cards=1, local=False, image=False)
    assert said(context(blind), blind)["gpu"][1].startswith("unknown: boxes run on another machine")
