"""What makes a box another box."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_devbox.spec.box import BoxSpec
from jupyter_devbox.spec.container import Mount, Rights
from jupyter_devbox.spec.gpu import GpuRequest

pytestmark = pytest.mark.usefixtures("pure")
BOX = BoxSpec(project="/p", name="p", target="cpu", image="sha256:0", uid=1, gid=1)


@pytest.mark.parametrize(
    "allowed",
    [
        {"rights": Rights(privileged=True)},
        {"rights": Rights(capabilities=("SYS_PTRACE",))},
        {"rights": Rights(devices=("/dev/fuse",))},
        {"network": "none"},
        {"mounts": (Mount(source="/a", target="/b"),)},
        {"mounts": (Mount(source="/a", target="/b", readonly=True),)},
        {"mounts": (Mount(source="/a", target="/b", kind="volume"),)},
        {"env": {"TOKEN": "s3cret"}},
        {"gpus": GpuRequest()},
    ],
)
def test_what_was_allowed_is_part_of_it(allowed):
    other = replace(BOX, **allowed)
    assert other.fingerprint() != BOX.fingerprint()
    assert "s3cret" not in str(other.labels("box"))


def test_the_same_is_the_same():
    assert replace(BOX, rights=Rights()).fingerprint() == BOX.fingerprint()


def test_cards_make_another_box_and_none_the_box_of_earlier_versions():
    assert BOX.fingerprint() == "4f20d3a4c2752bba"
    every, one, other = (
        replace(BOX, gpus=GpuRequest(devices=devices)).fingerprint()
        for devices in ((), ("0",), ("1",))
    )
    assert len({BOX.fingerprint(), every, one, other}) == 4


def test_a_group_has_a_box_of_its_own():
    train, plots = (replace(BOX, group=name) for name in ("train", "plots"))
    assert len({BOX.fingerprint(), train.fingerprint(), plots.fingerprint()}) == 3
    assert "jupyter-devbox.group" not in BOX.labels("box")
    assert train.runs_in(train.labels("box"))
    for other in (plots, BOX):
        assert not train.runs_in(other.labels("box"))
        assert not other.runs_in(train.labels("box"))
