"""From a kernelspec's ``config`` to a box; what is damaged is said, not shown as a traceback."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.errors import ConfigurationError
from jupyter_devbox.render.kernelspec import box_kernelspec
from jupyter_devbox.spec.box import BoxSpec
from jupyter_devbox.spec.container import Limits
from jupyter_devbox.spec.gpu import GpuRequest
from jupyter_devbox.spec.rights import Granted
from jupyter_devbox.workflow.box_config import asked_box

LIMITS = Limits(memory=2**30, cpus=1.5, shm=2**20, pids=99, ulimits=("core=0",))


def content(**more):
    facts = {
        "kernel": "devbox-p-cpu", "display_name": "p · CPU", "python": "/python", "name": "p",
        "project": "/home/ada/p", "target": "cpu", "image": "sha256:" + "a" * 64,
        "config_file": "/nowhere/devcontainer.json", "limits": LIMITS, **more,
    }  # fmt: skip
    return box_kernelspec(**facts)["metadata"]["jupyter_devbox"]["config"]


def test_what_is_written_is_asked_for():
    config = content(target="cuda", group="train", gpus=GpuRequest(devices=("0",)), idle=60)
    box = asked_box(config, Granted(env={"A": "b"}), called="p · CPU", rootless=True)
    assert (box.project, box.name, box.target, box.group) == ("/home/ada/p", "p", "cuda", "train")
    assert (box.limits, box.gpus, box.idle, box.env) == (
        LIMITS, GpuRequest(devices=("0",)), 60, {"A": "b"},
    )  # fmt: skip
    assert (box.config_file, box.isolation, box.rootless) == (None, "box", True)


@pytest.mark.parametrize(
    "damage",
    [
        {"memory": "lots"}, {"cpus": []}, {"idle": None}, {"env": 3}, {"gpus": 1}, {"pids": 1e400},
        {"image": ""}, {"project": "relative"}, {"project": None}, {"ulimits": 7},
    ],
)  # fmt: skip
def test_a_damaged_kernelspec_is_named(damage):
    with pytest.raises(ConfigurationError) as caught:
        asked_box({**content(), **damage}, Granted(), called="p · CPU", rootless=False)
    assert caught.value.hint == "jupyter devbox kernel install"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(sorted(content())), JSON))
def test_any_json_is_a_box_or_a_damaged_kernelspec(changes):
    try:
        box = asked_box({**content(), **changes}, Granted(), called="p · CPU", rootless=False)
    except ConfigurationError:
        return
    assert isinstance(box, BoxSpec)
