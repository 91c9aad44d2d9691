"""Which cards people ask for, in an option of ours and in Docker's words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.errors import ConfigurationError
from jupyter_devbox.spec.gpu import GpuRequest
from jupyter_devbox.spec.gpu_words import docker_gpus, gpu_words, parse_gpus
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.reach import reach
from jupyter_devbox.spec.run_args import read_gpus

pytestmark = pytest.mark.usefixtures("pure")
FILE = ".devcontainer/cuda/devcontainer.json"
MIG = "MIG-2a1b0e4c-5b1f-5d2c-8c7b-0123456789ab"
EVERY = ()


@pytest.mark.parametrize(
    ("text", "devices"),
    [
        ("all", EVERY), (" all ", EVERY), ("0", ("0",)), ("0,1", ("0", "1")), ("2", ("2",)),
        ("1:0", ("1:0",)), (MIG, (MIG,)), ("GPU-12ab,1", ("GPU-12ab", "1")),
        ("device=0", ("0",)), ('"device=0,1"', ("0", "1")), ("1,1", ("1",)),
    ],
)  # fmt: skip
def test_an_option_of_ours(text, devices):
    assert parse_gpus(text) == GpuRequest(devices=devices)
    assert parse_gpus(gpu_words(parse_gpus(text))) == GpuRequest(devices=devices)


@pytest.mark.parametrize("text", ["", ",", "none", "0,", "-1", "0;1", "all,0", "GPU-", "\u0660"])
def test_no_cards(text):
    with pytest.raises(ConfigurationError) as caught:
        parse_gpus(text)
    assert "--gpus all" in caught.value.hint


def test_a_long_text_is_not_said_whole():
    with pytest.raises(ConfigurationError) as caught:
        parse_gpus("0," * 5000)
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    ("option", "arguments", "cuda", "cpu"),
    [
        ("", [], GpuRequest(), None),
        ("0", [], GpuRequest(devices=("0",)), None),
        ("", ["--gpus=device=1"], GpuRequest(devices=("1",)), GpuRequest(devices=("1",))),
        ("all", ["--gpus=device=1"], GpuRequest(), GpuRequest(devices=("1",))),
    ],
)
def test_what_a_box_asks_for(option, arguments, cuda, cpu):
    there = ExistingEnvironment(
        options=ProjectOptions(gpus=option), configuration={"runArgs": arguments}
    )
    assert (there.gpus("cuda"), there.gpus("cpu")) == (cuda, cpu)


@pytest.mark.parametrize(
    ("text", "devices"),
    [
        ("all", EVERY), ("-1", EVERY), ("count=all", EVERY), ("1", ("0",)), ("2", ("0", "1")),
        ("count=2", ("0", "1")), ("0", ("0",)), ("device=0", ("0",)), ('"device=0"', ("0",)),
        ('"device=0,1"', ("0", "1")), ("device=0,1", ("0", "1")), ("device=1:0", ("1:0",)),
        (f"device={MIG}", (MIG,)), ('"device=1","capabilities=compute,utility"', ("1",)),
        ("all,capabilities=utility", EVERY), ("driver=nvidia,count=1", ("0",)),
        ("driver=nvidia", ("0",)),
    ],
)  # fmt: skip
def test_docker_s_own_words(text, devices):
    assert docker_gpus(text) == GpuRequest(devices=devices)
    for arguments in ([f"--gpus={text}"], ["-m", "2g", "--gpus", text, "--cpus=1"]):
        if not text.startswith("-"):
            assert read_gpus(arguments) == GpuRequest(devices=devices)
            assert list(reach({"runArgs": arguments}, FILE)) == []


@pytest.mark.parametrize(
    "text",
    [
        "none", "1,2", "count=0", "count=x", "device=", "device=/dev/sda", "driver=amd", "99",
        "all,device=0", "capabilities=graphics", "options=a", "0,0", '"device=0', "device=0;1",
        "all,", "key=value", "device=${localEnv:HOME}",
    ],
)  # fmt: skip
def test_other_words_are_named_and_not_taken(text):
    assert docker_gpus(text) is None
    (finding,) = reach({"runArgs": [f"--gpus={text}"]}, FILE)
    assert (finding.key, finding.kind) == ("runArgs --gpus", "never")
    assert "graphics cards" in finding.says
    assert read_gpus([f"--gpus={text}"]) is None


def test_none_and_the_last_word():
    assert read_gpus([]) is None
    assert read_gpus(["--memory=2g", "--gpus"]) is None
    assert read_gpus(["--gpus=all", "--gpus", "1"]) == GpuRequest(devices=("0",))
    assert read_gpus(["--gpus=device=1", "--gpus=none"]) == GpuRequest(devices=("1",))


@given(st.text())
def test_any_text_is_cards_or_none(text):
    request = docker_gpus(text)
    if request is not None:
        assert all(device.isprintable() and "," not in device for device in request.devices)
    try:
        assert parse_gpus(text).devices != ("",)
    except ConfigurationError:
        return


@given(st.lists(st.one_of(st.text(), st.integers(), st.none(), st.just("--gpus"))))
def test_a_file_may_hold_anything(arguments):
    read_gpus(arguments)
