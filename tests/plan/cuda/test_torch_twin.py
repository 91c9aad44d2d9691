"""torch by driver, card, Python and platform; its companions follow."""

from __future__ import annotations

import pytest
from cuda_cases import lines, on_cpu, reasons, texts, twin
from makers import direct

from jupyter_devbox.errors import NoCudaError, PlanError, RequirementError

pytestmark = pytest.mark.usefixtures("pure")

FAMILY = ("torch==2.13.0", "torchaudio==2.11.0", "torchvision==0.28.0")


def test_a_new_driver_takes_the_usual_build():
    planned = twin(*FAMILY, driver="580.95.05")
    assert texts(planned.requirements) == list(FAMILY)
    assert all(not r.indexes for r in planned.requirements)
    assert (planned.accelerator.version, planned.accelerator.driver_floor) == ("13.0", "580")
    assert planned.base == "slim"
    assert planned.image == planned.builder == ""
    assert planned.env["NVIDIA_DRIVER_CAPABILITIES"] == "compute,utility"
    assert planned.download_bytes == 526614507 + 2202614442


def test_an_older_driver_takes_the_build_of_another_cuda_from_its_index():
    planned = twin(*FAMILY, driver="550.54")
    assert texts(planned.requirements) == [
        "torch==2.13.0+cu126",
        "torchaudio==2.11.0+cu126",
        "torchvision==0.28.0+cu126",
    ]
    assert {r.indexes for r in planned.requirements} == {
        ("https://download.pytorch.org/whl/cu126",)
    }
    assert planned.accelerator.driver_floor == "525.60.13"
    assert "550.54 is too old for its usual build (CUDA 13.0 needs 580)" in reasons(
        planned, "torch"
    )


def test_a_pin_without_a_build_names_the_torch_and_the_driver_that_would_do():
    with pytest.raises(NoCudaError) as refused:
        twin("torch==2.13.0", driver="470.256.02")
    error = refused.value
    assert (error.code, error.exit_code) == ("no_cuda", 26)
    assert error.message.startswith("Driver 470.256.02 is too old for torch 2.13.0")
    assert error.message.endswith("`525.60.13`")
    assert "torch==2.7.1 runs here, with CUDA 11.8" in error.hint
    assert "525.60.13 or newer" in error.hint
    assert "--target cpu" in error.hint
    assert error.alternative == "torch==2.7.1"


def test_without_a_pin_the_newest_that_runs_is_taken_and_why():
    planned = twin("torch", driver="470.256.02")
    assert texts(planned.requirements) == ["torch==2.7.1+cu118"]
    assert "2.15.0 has no build that is known to run on driver 470.256.02" in reasons(
        planned, "torch"
    )
    assert texts(twin("torch", driver="580.95").requirements) == ["torch==2.15.0"]
    assert texts(twin("torch", driver="550.54").requirements) == ["torch==2.14.1+cu126"]


def test_an_unknown_driver_takes_the_newest_usual_build_and_says_what_it_needs():
    planned = twin("torch", driver="")
    assert texts(planned.requirements) == ["torch==2.15.0"]
    assert reasons(planned, "driver").startswith("580 or newer: no driver is known here")


def test_a_range_of_the_users_is_kept():
    asked = direct("torch>=2.5,<2.8", firm=True)
    assert texts(twin(asked, driver="550.54").requirements) == ["torch==2.7.1"]
    with pytest.raises(NoCudaError, match=r"No build of torch >=2\.12 that is known runs"):
        twin(direct("torch>=2.12", firm=True), driver="470.1")


def test_the_build_that_the_kernel_has_stays_where_it_runs():
    planned = twin("torch==2.13.0+cu126", driver="580.95")
    assert texts(planned.requirements) == ["torch==2.13.0+cu126"]
    assert "that the kernel has" in reasons(planned, "torch")
    assert texts(twin("torch==2.5.1+cu124", driver="535.104").requirements) == ["torch==2.5.1"]


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        (("6.1",), "torch==2.14.0+cu126"),  # Pascal: CUDA 13 has no code for it
        (("7.5",), "torch==2.14.0"),
        (("8.9",), "torch==2.14.0"),  # runs 8.6's code
        (("12.1",), "torch==2.14.0"),
        (("6.1", "8.9"), "torch==2.14.0+cu126"),  # one build for both
        (("3.0", "8.9"), "torch==2.14.0"),  # none for the old card, which stays out
    ],
)
def test_cards_decide_the_build(cards, expected):
    assert texts(twin("torch==2.14.0", cards=cards).requirements) == [expected]


def test_a_card_that_is_left_out_is_named():
    assert "not Card 3.0 (3.0)" in reasons(twin("torch==2.14.0", cards=("3.0", "8.9")), "cards")


def test_cards_too_old_and_too_new_for_the_wheels():
    with pytest.raises(NoCudaError, match=r"No build of torch 2\.13\.0 has code for `Card 3\.5"):
        twin("torch==2.13.0", cards=("3.5",))
    with pytest.raises(NoCudaError) as refused:
        twin("torch==2.6.0", cards=("12.0",))  # Blackwell came with 2.7 and CUDA 12.8
    assert refused.value.alternative == "torch==2.15.0"
    assert texts(twin("torch==2.7.1", cards=("12.0",)).requirements) == ["torch==2.7.1+cu128"]


def test_an_unknown_torch_and_a_new_patch_of_a_known_one():
    with pytest.raises(NoCudaError, match="not known which CUDA") as refused:
        twin("torch==9.9.9")
    assert "pip install -U jupyter-devbox" in refused.value.hint
    planned = twin("torch==2.13.5", driver="550.54")
    assert texts(planned.requirements) == ["torch==2.13.5+cu126"]
    assert "what is known of 2.13.0" in reasons(planned, "torch")


def test_64_bit_arm_has_cuda_wheels_from_2_11_on():
    with pytest.raises(NoCudaError, match=r"2\.10\.0 has CPU wheels alone for 64-bit ARM") as no:
        twin("torch==2.10.0", platform="linux/arm64")
    assert no.value.alternative == "torch==2.15.0"
    assert texts(twin("torch==2.13.0", platform="linux/arm64").requirements) == ["torch==2.13.0"]
    assert texts(on_cpu("torch==2.10.0", platform="linux/arm64")) == ["torch==2.10.0"]
    assert texts(on_cpu("torch==2.13.0", platform="linux/arm64")) == ["torch==2.13.0+cpu"]


def test_a_python_without_wheels():
    with pytest.raises(NoCudaError, match=r"There is no torch 2\.15\.0 for Python `3\.10`"):
        twin("torch==2.15.0", python="3.10")
    assert texts(twin("torch", python="3.10").requirements) == ["torch==2.14.1"]


def test_a_companion_alone_brings_its_torch():
    planned = twin("torchvision==0.28.0", driver="550.54")
    assert texts(planned.requirements) == ["torch==2.13.0+cu126", "torchvision==0.28.0+cu126"]
    assert planned.requirements[0].notebooks == ("a.ipynb",)


def test_what_brings_torch_gets_the_kernels_torch_by_name():
    planned = twin(
        "sentence-transformers==5.1.0", driver="550.54", installed={"torch": "2.9.1+cpu"}
    )
    assert texts(planned.requirements) == ["sentence-transformers==5.1.0", "torch==2.9.1"]
    assert planned.requirements[1].detail == "sentence-transformers"


def test_torchaudio_keeps_its_usual_wheel_where_its_own_index_stops():
    planned = twin("torch==2.14.1+cu132", "torchaudio==2.11.0")
    assert texts(planned.requirements) == ["torch==2.14.1+cu132", "torchaudio==2.11.0"]


def test_a_companion_that_the_user_pinned_to_another_torch_is_refused():
    hand = direct("torchvision==0.20.0", reason="hand")
    with pytest.raises(RequirementError) as refused:
        twin("torch==2.13.0", hand)
    assert refused.value.message.endswith("needs `0.28.0`")
    assert texts(twin("torch==2.13.0", "torchvision==0.20.0").requirements)[1] == (
        "torchvision==0.28.0"
    )


def test_a_torch_with_an_address_stays():
    own = direct("torch", source="file", url="https://example.org/torch-2.13.0-py3-none-any.whl")
    planned = twin(own)
    assert planned.requirements == (own,)
    assert planned.accelerator is None


def test_an_address_tells_the_cuda_that_torch_was_built_for():
    url = "https://example.org/torch-2.5.1%2Bcu124-cp311-cp311-linux_x86_64.whl"
    own = direct("torch", source="file", url=url)
    planned = twin(own, "jax==0.8.3")
    assert own in planned.requirements
    assert (planned.accelerator.version, planned.download_bytes) == ("12.4", None)
    assert "as torch is" in reasons(planned, "jax")
    with pytest.raises(NoCudaError, match=r"too old for your torch for CUDA 12\.4"):
        twin(own, driver="470.1")


@pytest.mark.parametrize(
    "driver", ["550.x", "new", "550.54 ", "\u0665\u0665\u0660", "\ud800", "1" * 9, "-1", "5."]
)
def test_a_driver_that_is_none_is_said(driver):
    with pytest.raises(PlanError, match="not a version of an NVIDIA driver"):
        twin("torch", driver=driver)


def test_a_short_driver_stands_for_all_of_its_releases():
    assert texts(twin("torch==2.13.0", driver="525").requirements) == ["torch==2.13.0+cu126"]
    assert texts(twin("torch==2.13.0", driver="525.60.13").requirements) == ["torch==2.13.0+cu126"]
    with pytest.raises(NoCudaError):
        twin("torch==2.13.0", driver="525.60.11")


def test_back_on_the_cpu_the_family_comes_from_the_cpu_index():
    back = on_cpu("torch==2.13.0+cu126", "torchaudio==2.11.0", "torchvision==0.28.0")
    assert texts(back) == ["torch==2.13.0+cpu", "torchaudio==2.11.0+cpu", "torchvision==0.28.0+cpu"]
    assert {r.indexes for r in back} == {("https://download.pytorch.org/whl/cpu",)}
    assert texts(on_cpu("torch")) == ["torch==2.15.0+cpu"]


def test_parts_of_cuda_are_locked_again():
    pins = ("nvidia-cublas-cu12==12.8.4.1", "triton==3.4.0", "cuda-bindings==12.9.0")
    frozen = [direct(pin, reason="install") for pin in pins]
    assert texts(twin("torch==2.13.0", *frozen).requirements) == ["torch==2.13.0"]
    assert texts(on_cpu("torch==2.13.0", *frozen)) == ["torch==2.13.0+cpu"]
    kept = lines("nvidia-ml-py==13.580.65")
    assert texts(twin("torch==2.13.0", *kept).requirements)[0] == "nvidia-ml-py==13.580.65"
    hand = direct("nvidia-cublas-cu12==12.8.4.1", reason="hand")
    assert hand in twin("torch==2.13.0", hand).requirements


def test_nothing_for_a_gpu_is_said():
    planned = twin("numpy==2.1.0")
    assert planned.accelerator is None
    assert planned.requirements == lines("numpy==2.1.0")
    assert dict(planned.env) == {}
    assert reasons(planned, "CUDA").startswith("not used")


def test_tensorboard_is_the_notebooks_in_both():
    planned = twin("torch==2.13.0", "tensorboard", installed={"tensorboard": "2.19.0"})
    assert texts(planned.requirements)[0] == "tensorboard==2.19.0"
