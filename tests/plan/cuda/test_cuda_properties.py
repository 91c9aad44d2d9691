"""What holds for any environment, driver, card, Python and platform."""

from __future__ import annotations

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from makers import direct

from jupyter_devbox.catalogue import read_catalogue
from jupyter_devbox.errors import DevboxError
from jupyter_devbox.plan.cuda import accelerate, decelerate, doubles
from jupyter_devbox.plan.cuda.machine import reaches
from jupyter_devbox.spec.gpu import Gpu, GpuHost

pytestmark = pytest.mark.usefixtures("pure")

CATALOGUE = read_catalogue()
PINS = [
    *(f"torch=={r.torch}" for r in CATALOGUE.torch),
    *(f"torch=={r.torch}+{tag}" for r in CATALOGUE.torch for tag in r.variants or ()),
    *(f"torchvision=={r.torchvision}" for r in CATALOGUE.torch),
    *(f"torchaudio=={r.torchaudio}" for r in CATALOGUE.torch),
    *(f"tensorflow=={r.tensorflow}" for r in CATALOGUE.tensorflow),
    *(f"tensorflow-cpu=={r.tensorflow}" for r in CATALOGUE.tensorflow),
    *(f"jax=={r.jax}" for r in CATALOGUE.jax),
    *(f"onnxruntime==1.{minor}.0" for minor in range(17, 33)),
    *(f"onnxruntime-gpu==1.{minor}.0" for minor in range(17, 33)),
    *(f"faiss-cpu=={v}" for v in ("1.9.0", "1.14.3", "1.15.1")),
    *(f"xgboost=={v}" for v in ("1.7.6", "2.1.4", "3.0.0", "3.4.1")),
    "xgboost-cpu==3.2.0",
    "faiss-gpu-cu12==1.14.1.post1",
    "cupy-cuda12x==13.6.0",
    "cudf-cu12==26.10.2",
    "flash-attn==2.8.3",
    "vllm==0.32.0",
    "ctranslate2==4.8.5",
    "catboost==1.2.10",
    "bitsandbytes==0.50.2",
    "chromadb==1.5.9",
    "faster-whisper==1.2.1",
    "sentence-transformers==5.1.0",
    "tf-keras==2.19.0",
    "numpy==2.1.0",
    "torch",
    "torch>=2.5",
    "onnxruntime",
    "tensorflow",
    "jax",
    "cupy",
    "xgboost",
]  # fmt: skip
EXTRAS = {"jax": ("cuda12", "cuda13", "cuda12_local", "k8s"), "tensorflow": ("and-cuda",)}


@st.composite
def environments(draw):
    """Lines with different names, some with extras or by another's word."""
    chosen = draw(st.lists(st.sampled_from(PINS), max_size=4))
    lines = {}
    for text in chosen:
        line = direct(text)
        extras = draw(
            st.lists(st.sampled_from(EXTRAS.get(line.name, ("x",))), unique=True, max_size=2)
        )
        reason = draw(st.sampled_from(["import", "import", "import", "install", "install", "hand"]))
        lines[line.name] = direct(
            text,
            extras=tuple(sorted(extras)) if line.name in EXTRAS else (),
            reason=reason,
            firm=draw(st.booleans()),
            notebooks=("a.ipynb",),
        )
    return tuple(lines[name] for name in sorted(lines))


# Mostly what most machines have: where all is refused nothing is shown.
OLD = ["390.157", "450.80.02", "470", "470.256.02", "525.60.13", "550.54", "580"]
DRIVERS = st.sampled_from([*[""] * 3, *OLD, *["595.45.04"] * 7])
CARDS = st.sampled_from(["", "3.5", "6.1", "7.5", "8.6", "8.9", "9.0", "12.0", "x"])
GPUS = st.one_of(st.just(()), st.lists(st.builds(Gpu, compute_capability=CARDS), max_size=2))
HOSTS = st.builds(GpuHost, driver=DRIVERS, gpus=GPUS.map(tuple))
PYTHONS = st.sampled_from(["3.9", "3.10", *["3.11"] * 6, "3.12", "3.13", "3.14"])
PLATFORMS = st.sampled_from([*["linux/amd64"] * 5, "linux/arm64"])
WHERE = st.fixed_dictionaries({"python": PYTHONS, "platform": PLATFORMS})
HERE = {"python": "3.11", "platform": "linux/amd64"}


def outcome(plan, lines, **where):
    """What was planned, or else an error of ours that says something: never another exception."""
    try:
        return plan(lines, catalogue=CATALOGUE, **where)
    except DevboxError as error:
        said = f"{error.message} {error.hint}"
    assert len(said.split()) > 5
    return None


def identity(requirements, names):
    """What is installed and for whom: not why, nor what else the user would take."""
    return [(r.text, r.indexes, r.reason, r.notebooks) for r in requirements if r.name in names]


@settings(max_examples=400, deadline=None)
@given(environments(), HOSTS, WHERE)
def test_from_cpu_to_cuda_and_back_is_the_identity(lines, host, where):
    cpu = outcome(decelerate, lines, **where)
    planned = cpu and outcome(accelerate, cpu[0], host=host, **where)
    if not planned:
        event("refused")
        return
    event("a GPU is used" if planned.accelerator else "none is")
    back, _ = decelerate(planned.requirements, catalogue=CATALOGUE, **where)
    names = {r.name for r in cpu[0]}
    pinned = {r.name for r in cpu[0] if r.specifier}
    assert {r.name for r in back} == names
    assert identity(back, pinned) == identity(cpu[0], pinned)


@given(environments(), WHERE)
def test_going_to_the_cpu_twice_is_going_once(lines, where):
    cpu = outcome(decelerate, lines, **where)
    if cpu:
        names = {r.name for r in cpu[0]}
        again, _ = decelerate(cpu[0], catalogue=CATALOGUE, **where)
        assert identity(again, names) == identity(cpu[0], names)


@settings(max_examples=400, deadline=None)
@given(environments(), HOSTS, WHERE)
def test_what_is_planned_runs_on_the_driver_and_holds_no_module_twice(lines, host, where):
    planned = outcome(accelerate, lines, host=host, **where)
    if planned is None:
        return
    names = [r.name for r in planned.requirements]
    assert names == sorted(set(names))
    assert doubles(names, CATALOGUE) == ()
    assert not {"onnxruntime", "onnxruntime-gpu"} <= set(names)
    if planned.accelerator and host.driver:
        assert reaches(host.driver, planned.accelerator.driver_floor)
    assert planned == outcome(accelerate, lines, host=host, **where)


@settings(max_examples=200, deadline=None)
@given(environments(), HOSTS, WHERE)
def test_the_users_own_lines_keep_their_version(lines, host, where):
    planned = outcome(accelerate, lines, host=host, **where)
    after = " ".join(r.text for r in planned.requirements) if planned else ""
    for line in lines if planned else ():
        if line.reason == "hand" and line.specifier.startswith("=="):
            assert line.specifier.partition("+")[0] in after


@given(st.text(max_size=12), st.sampled_from(["torch", "torch==2.13.0", "numpy==2.1.0"]))
def test_any_driver_gives_a_plan_or_one_of_our_errors(driver, line):
    planned = outcome(accelerate, (direct(line),), host=GpuHost(driver=driver), **HERE)
    assert planned is None or planned.decisions


@given(st.text(max_size=12), st.sampled_from(["==", ">=", "~=", "===", "!=", ""]))
def test_any_specifier_gives_a_plan_or_one_of_our_errors(version, operator):
    for name in ("torch", "tensorflow", "jax", "onnxruntime", "torchvision"):
        line = direct(name, specifier=f"{operator}{version}")
        outcome(accelerate, (line,), host=GpuHost(driver="580.95"), **HERE)
        outcome(decelerate, (line,), **HERE)


@pytest.mark.parametrize(
    "version", ["2.16.0.dev20261101", "3!1.0", "2.5.post1", "2", "2.5.1a1+cu124"]
)
def test_odd_versions_give_a_plan_or_one_of_our_errors(version):
    for name in ("torch", "tensorflow", "jax", "onnxruntime", "torchvision", "faiss-cpu"):
        line = direct(f"{name}=={version}")
        outcome(accelerate, (line,), host=GpuHost(driver="580.95"), **HERE)
        outcome(decelerate, (line,), **HERE)
