"""TensorFlow, JAX, and packages with a CUDA form of another name: there, and back."""

from __future__ import annotations

import pytest
from cuda_cases import CATALOGUE, lines, on_cpu, reasons, texts, twin
from makers import direct

from jupyter_devbox.errors import NoCudaError, PlanError, RequirementError
from jupyter_devbox.plan.cuda import decelerate, doubles, say_doubles

pytestmark = pytest.mark.usefixtures("pure")


def newest(name, cuda):
    """What is taken of a build where the notebook pins none."""
    builds = [b for t in CATALOGUE.twins for b in t.builds if (b.name, b.cuda) == (name, cuda)]
    return next(build.newest for build in builds if build.newest)


# --- TensorFlow -------------------------------------------------------------------------------


def test_tensorflow_brings_cuda_by_its_extra():
    planned = twin("tensorflow-cpu==2.19.0", driver="550.54")
    assert texts(planned.requirements) == ["tensorflow[and-cuda]==2.19.0"]
    assert (planned.accelerator.version, planned.base) == ("12.5", "slim")
    assert planned.download_bytes == 2550000000


def test_an_extra_that_cannot_be_resolved_gives_way_to_an_image():
    planned = twin("tensorflow[and-cuda]==2.14.1", driver="470.256.02")
    assert texts(planned.requirements) == ["tensorflow==2.14.1"]
    assert planned.base == "cudnn-runtime"
    assert planned.image == "nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04"
    assert "tensorrt 8.5.3.1" in reasons(planned, "tensorflow")
    assert "brings no CUDA and cuDNN" in reasons(planned, "base")


def test_the_first_2_15_has_a_broken_extra_and_its_repairs_have_not():
    assert twin("tensorflow==2.15.0").image == "nvidia/cuda:12.2.2-cudnn8-runtime-ubuntu22.04"
    assert texts(twin("tensorflow==2.15.0.post1").requirements) == [
        "tensorflow[and-cuda]==2.15.0.post1"
    ]


def test_tensorflow_without_a_pin_is_the_newest_for_the_python():
    assert texts(twin("tensorflow", python="3.9").requirements) == ["tensorflow[and-cuda]==2.20.0"]
    assert texts(twin("tensorflow", driver="470.1").requirements) == ["tensorflow==2.14.1"]


@pytest.mark.parametrize(
    ("line", "more", "said"),
    [
        ("tensorflow==2.21.0", {"driver": "470.1"}, r"Driver 470\.1 is too old for tensorflow"),
        ("tensorflow", {"platform": "linux/arm64"}, "CPU wheels alone for 64-bit ARM"),
        ("tensorflow", {"python": "3.14"}, r"for Python `3\.14`"),
        ("tensorflow==2.99.0", {}, "not known which CUDA"),
        ("tensorflow==2.3.0.dev1", {}, "not known which CUDA"),
    ],
)
def test_tensorflow_that_has_no_cuda_here(line, more, said):
    with pytest.raises(NoCudaError, match=said) as refused:
        twin(line, **more)
    assert "--target cpu" in refused.value.hint


def test_tensorflow_back_on_the_cpu():
    assert texts(on_cpu("tensorflow[and-cuda]==2.19.0")) == ["tensorflow-cpu==2.19.0"]
    assert texts(on_cpu("tensorflow==2.19.0", platform="linux/arm64")) == ["tensorflow==2.19.0"]


def test_what_asks_for_tensorflow_by_name_keeps_it_from_being_there_twice():
    back = on_cpu("tensorflow[and-cuda]==2.19.0", "tf-keras==2.19.0")
    assert texts(back) == ["tensorflow==2.19.0", "tf-keras==2.19.0"]
    assert texts(on_cpu("tensorflow==2.19.0", "tensorflow-cpu==2.19.0")) == [
        "tensorflow-cpu==2.19.0"
    ]


# --- JAX ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "driver", "expected"),
    [
        ("jax==0.8.3", "580.95.05", "jax[cuda13]==0.8.3"),
        ("jax==0.8.3", "550.54.14", "jax[cuda12]==0.8.3"),
        ("jax==0.6.2", "580.95.05", "jax[cuda12]==0.6.2"),  # no cuda13 before 0.7.2
        ("jax==0.8.1", "580.95.05", "jax[cuda13]==0.8.1"),  # as the row before it
        ("jax", "", "jax[cuda13]==0.10.2"),  # always pinned: uv would go back for an extra
        ("jax[cuda]==0.8.3", "580.95.05", "jax[cuda12]==0.8.3"),  # cuda is cuda12
        ("jax[cuda13]==0.8.3", "550.54.14", "jax[cuda12]==0.8.3"),
        ("jax[cuda12,k8s]==0.8.3", "580.95.05", "jax[cuda12,k8s]==0.8.3"),
    ],
)
def test_jax_takes_the_extra_of_a_cuda_that_runs(line, driver, expected):
    assert texts(twin(line, driver=driver).requirements) == [expected]


def test_jax_takes_torchs_cuda():
    planned = twin("torch==2.10.0", "jax==0.8.3")
    assert texts(planned.requirements) == ["jax[cuda12]==0.8.3", "torch==2.10.0"]
    assert "as torch is" in reasons(planned, "jax")
    assert reasons(planned, "CUDA") == ""


def test_a_local_extra_gets_an_image_with_cuda_that_the_driver_came_with():
    planned = twin("jax[cuda12_local]==0.8.3", driver="550.54.14")
    assert texts(planned.requirements) == ["jax[cuda12-local]==0.8.3"]
    assert planned.image == "nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04"
    assert "cuda12 would bring one" in reasons(planned, "jax")


def test_jax_on_a_driver_for_none_of_its_cudas():
    with pytest.raises(NoCudaError, match=r"jax 0\.8\.3 with cuda12, which needs at least"):
        twin("jax==0.8.3", driver="470.1")
    hand = direct("jax==0.8.3", extras=("cuda13",), reason="hand")
    with pytest.raises(NoCudaError, match="with cuda13"):
        twin(hand, driver="550.1")
    with pytest.raises(NoCudaError, match="not known which CUDA extras"):
        twin("jax==0.2.0")


def test_jax_for_other_accelerators_is_left_alone():
    planned = twin("jax[tpu]==0.8.3")
    assert texts(planned.requirements) == ["jax[tpu]==0.8.3"]
    assert planned.accelerator is None


def test_jax_back_on_the_cpu():
    plugin = direct("jax-cuda12-plugin==0.8.3", reason="install")
    assert texts(on_cpu("jax[cuda12_local,k8s]==0.8.3", plugin)) == ["jax[k8s]==0.8.3"]


# --- packages of another name -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "driver", "expected"),
    [
        ("onnxruntime==1.31.1", "580.1", "onnxruntime-gpu[cuda,cudnn]==1.31.1"),
        ("onnxruntime==1.23.2", "550.1", "onnxruntime-gpu[cuda,cudnn]==1.23.2"),
        ("onnxruntime", "550.1", f"onnxruntime-gpu[cuda,cudnn]=={newest('onnxruntime-gpu', '12')}"),
        ("faiss-cpu==1.15.1", "550.1", "faiss-gpu==1.15.1"),
        ("faiss-gpu-cu12==1.14.1.post1", "550.1", "faiss-gpu-cu12==1.14.1.post1"),
        ("cupy", "550.1", f"cupy-cuda12x[ctk]=={newest('cupy-cuda12x', '12')}"),
        ("cupy", "470.1", "cupy-cuda11x==13.6.0"),
        ("cupy-cuda12x==14.0.0", "580.1", "cupy-cuda12x[ctk]==14.0.0"),
        ("cudf-cu12==26.10.2", "550.1", "cudf-cu12==26.10.2"),
        ("cudf-cu13==26.10.2", "550.1", "cudf-cu12==26.10.2"),
        ("xgboost-cpu==3.2.0", "550.1", "xgboost==3.2.0"),
        ("numba-cuda==0.30.4", "550.1", "numba-cuda[cu12]==0.30.4"),
    ],
)
def test_a_package_takes_its_form_for_the_driver(line, driver, expected):
    assert texts(twin(line, driver=driver).requirements) == [expected]


@pytest.mark.parametrize(
    ("line", "python", "expected"),
    [
        ("xgboost", "3.12", "xgboost=={}"),
        ("xgboost", "3.11", "xgboost=={}"),
        ("onnxruntime", "3.10", "onnxruntime-gpu[cuda,cudnn]=={}"),
    ],
)
def test_unpinned_it_takes_the_newest_that_the_python_can_have(line, python, expected):
    """xgboost 3.3 begins with Python 3.12, onnxruntime 1.24 with 3.11 (their Requires-Python)."""
    (text,) = texts(twin(line, driver="550.1", python=python).requirements)
    name = expected.partition("[")[0].partition("=")[0]
    builds = [b for t in CATALOGUE.twins for b in t.builds if b.name == name and b.cuda == "12"]
    (build,) = [b for b in builds if b.newest]
    assert text == expected.format(build.newest_for(python))
    assert (build.newest_for(python) == build.newest) == (python == "3.12")


def test_a_build_that_has_no_release_for_the_python_is_passed_over():
    """xgboost for CUDA 13 begins with 3.4.0, which needs Python 3.12."""
    (text,) = texts(twin("xgboost", driver="580.95", python="3.11").requirements)
    assert text.startswith("xgboost==3.2")


def test_a_package_takes_torchs_cuda_where_it_can():
    planned = twin("torch==2.13.0", "cudf-cu12==26.10.2", "cuml-cu12==25.8.0")
    assert texts(planned.requirements)[:2] == ["cudf-cu13==26.10.2", "cuml-cu12==25.8.0"]
    assert reasons(planned, "CUDA").startswith("12 and 13")
    hand = direct("cudf-cu12==26.10.2", reason="hand")
    assert hand in twin("torch==2.13.0", hand).requirements


@pytest.mark.parametrize(
    ("line", "kind", "image"),
    [
        ("onnxruntime==1.20.0", "cudnn-runtime", "12.9.1-cudnn-runtime-ubuntu24.04"),
        ("onnxruntime==1.18.1", "cudnn-runtime", "11.8.0-cudnn8-runtime-ubuntu22.04"),
        ("cupy-cuda12x==13.6.0", "runtime", "12.9.1-runtime-ubuntu24.04"),
        ("ctranslate2==4.8.5", "cudnn-runtime", "12.9.1-cudnn-runtime-ubuntu24.04"),
    ],
)
def test_a_package_without_wheels_of_cuda_needs_an_image(line, kind, image):
    planned = twin(line)
    assert (planned.base, planned.image) == (kind, f"nvidia/cuda:{image}")
    assert planned.image_bytes == {"runtime": 2080000000, "cudnn-runtime": 3380000000}[kind]


def test_an_image_beside_wheels_that_bring_cuda_is_said_to_carry_it_twice():
    planned = twin("torch==2.10.0", "ctranslate2==4.8.5")
    assert planned.base == "cudnn-runtime"
    assert "torch brings its own CUDA besides" in reasons(planned, "base")


def test_the_image_has_the_python_if_ubuntu_has_it():
    assert twin("ctranslate2==4.8.5", python="3.10").image.endswith("ubuntu22.04")
    assert twin("ctranslate2==4.8.5", python="3.12").image.endswith("ubuntu24.04")


def test_two_packages_that_one_image_cannot_serve():
    for older in ("tensorflow==2.13.1", "onnxruntime==1.18.1"):
        with pytest.raises(PlanError, match=r"needs an image with CUDA 11\.8, and ctranslate2"):
            twin(older, "ctranslate2==4.8.5")


def test_what_has_no_wheel_is_made_with_torchs_cuda():
    planned = twin("torch==2.13.0", "flash-attn==2.8.3", driver="550.54.14")
    assert planned.builder == "nvidia/cuda:12.6.3-cudnn-devel-ubuntu22.04"
    assert (planned.base, planned.image) == ("slim", "")
    assert (planned.image_bytes, planned.builder_bytes) == (0, 7370000000)
    assert twin("flash-attn==2.8.3", installed={"torch": "2.13.0"}).builder == (
        "nvidia/cuda:13.0.3-cudnn-devel-ubuntu22.04"
    )


def test_a_package_that_has_no_form_for_the_driver_stays_on_the_cpu_beside_one_that_has():
    planned = twin("torch==2.13.0", "onnxruntime==1.31.1", driver="550.54")
    assert texts(planned.requirements) == ["onnxruntime==1.31.1", "torch==2.13.0+cu126"]
    assert "stays on the CPU: driver 550.54 is too old" in reasons(planned, "onnxruntime")
    with pytest.raises(NoCudaError) as refused:
        twin("onnxruntime==1.31.1", driver="550.54")
    onnxruntime = newest("onnxruntime-gpu", "12")
    assert refused.value.alternative == f"onnxruntime=={onnxruntime}"


def test_what_asks_for_the_cpu_form_by_name_keeps_the_module_from_being_there_twice():
    planned = twin("torch==2.13.0", "onnxruntime==1.23.2", "chromadb==1.5.9")
    assert "onnxruntime==1.23.2" in texts(planned.requirements)
    assert "chromadb asks for onnxruntime" in reasons(planned, "onnxruntime")
    assert texts(twin("onnxruntime-gpu==1.23.2", "chromadb==1.5.9").requirements) == [
        "chromadb==1.5.9",
        "onnxruntime==1.23.2",
    ]


def test_a_package_that_is_nothing_without_cuda_is_refused():
    with pytest.raises(NoCudaError, match=r"too old for cudf-cu12==26\.10\.2"):
        twin("torch==2.7.1", "cudf-cu12==26.10.2", driver="470.1")


def test_a_package_for_64_bit_arm():
    planned = twin("torch==2.13.0", "faiss-cpu==1.15.1", platform="linux/arm64")
    assert texts(planned.requirements) == ["faiss-cpu==1.15.1", "torch==2.13.0"]
    assert "64-bit ARM" in reasons(planned, "faiss-cpu")


def test_numbas_cuda_target_is_added_where_it_is_imported():
    planned = twin(direct("numba==0.68.1", detail="numba, numba.cuda"), driver="550.1")
    assert texts(planned.requirements) == ["numba==0.68.1", "numba-cuda[cu12]"]
    assert twin(direct("numba==0.68.1", detail="numba")).accelerator is None


def test_cuda_that_is_part_of_a_library_says_nothing_of_what_fits_beside_it():
    planned = twin("catboost==1.2.10", "cupy==14.2.0", driver="580.1")
    assert texts(planned.requirements) == ["catboost==1.2.10", "cupy-cuda13x[ctk]==14.2.0"]
    assert planned.accelerator.version == "13"
    assert twin("catboost==1.2.10", driver="450.80.02").accelerator.driver_floor == "450.80.02"


def test_two_majors_are_said_with_their_sizes():
    planned = twin("torch==2.15.0", "tensorflow==2.21.0", driver="595.45", python="3.12")
    assert reasons(planned, "CUDA") == (
        "12 and 13: tensorflow brings CUDA 12 (3.4 GB); torch brings CUDA 13 (3.0 GB): "
        "the image carries both"
    )


def test_back_on_the_cpu_what_has_no_form_without_cuda_is_left_out_and_named():
    requirements = (
        "cupy-cuda12x==14.0.0",
        "flash-attn==2.8.3",
        "onnxruntime-gpu[cuda,cudnn]==1.23.2",
        "xgboost==2.1.4",
        "faiss-gpu-cu12==1.14.1.post1",
    )
    back, decisions = decelerate(
        lines(*requirements), python="3.11", platform="linux/amd64", catalogue=CATALOGUE
    )
    assert texts(back) == [
        "faiss-cpu",  # its CUDA form is numbered otherwise
        "onnxruntime==1.23.2",
        "torch==2.15.0+cpu",  # flash-attn brings torch
        "xgboost==2.1.4",  # xgboost-cpu begins with 3.0.0
    ]
    left = {d.what: d.reason for d in decisions if d.choice == "left out"}
    assert set(left) == {"cupy-cuda12x", "flash-attn"}
    assert all(reason.endswith("a.ipynb needs it") for reason in left.values())
    hand = direct("cupy-cuda12x==14.0.0", reason="hand")
    assert on_cpu(hand) == (hand,)


def test_two_words_of_the_users_on_one_module_are_refused():
    both = (
        direct("onnxruntime==1.23.2", reason="hand"),
        direct("onnxruntime-gpu==1.22.0", firm=True),
    )
    with pytest.raises(RequirementError, match="is the same module as `onnxruntime-gpu"):
        twin(*both)
    installed = (direct("onnxruntime==1.23.2"), direct("onnxruntime-gpu==1.22.0"))
    assert texts(twin(*installed).requirements) == ["onnxruntime-gpu[cuda,cudnn]==1.23.2"]


def test_doubles_of_a_closure_are_found():
    closure = {"onnxruntime", "onnxruntime-gpu", "numpy", "tensorflow", "torch"}
    assert doubles(closure, CATALOGUE) == (("onnxruntime", "onnxruntime-gpu"),)
    assert doubles({"torch", "tensorflow-cpu"}, CATALOGUE) == ()


def test_doubles_are_said_with_the_users_words_and_without_a_guess():
    group = ("onnxruntime", "onnxruntime-gpu", "ort-nightly")
    own = (direct(group[0], reason="hand"), direct(group[1], reason="option", detail="--include"))
    (said,) = say_doubles([group], own, {})
    assert said.choice == "onnxruntime and onnxruntime-gpu and ort-nightly"
    assert said.reason.endswith(
        "onnxruntime is there for your own line, onnxruntime-gpu is there for --include, "
        "ort-nightly is needed by another"
    )
