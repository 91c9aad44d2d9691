"""How cards are asked for, and what an engine's answers say of them."""

from __future__ import annotations

import json

import pytest

from jupyter_devbox.engine.cdi import cdi_devices
from jupyter_devbox.engine.docker_values import container_config
from jupyter_devbox.engine.gpu_request import device_request, gpu_support
from jupyter_devbox.spec.container import ContainerSpec
from jupyter_devbox.spec.gpu import GpuRequest
from jupyter_devbox.spec.gpu_support import GpuSupport

IMAGE = f"sha256:{'a' * 64}"
ALL, ONE = "nvidia.com/gpu=all", "nvidia.com/gpu=0"


@pytest.mark.usefixtures("pure")
@pytest.mark.parametrize(
    ("devices", "way", "asked"),
    [
        ((), "runtime", {"Count": -1, "Capabilities": [["gpu"]]}),
        ((), "", {"Count": -1, "Capabilities": [["gpu"]]}),
        (("0", "1:0"), "runtime", {"DeviceIDs": ["0", "1:0"], "Capabilities": [["gpu"]]}),
        ((), "cdi", {"Driver": "cdi", "DeviceIDs": [ALL]}),
        (("0", "1:0"), "cdi", {"Driver": "cdi", "DeviceIDs": [ONE, "nvidia.com/gpu=1:0"]}),
    ],
)
def test_the_words_of_the_api(devices, way, asked):
    request = GpuRequest(devices=devices)
    assert device_request(request, way) == asked
    spec = ContainerSpec(image=IMAGE, gpus=request)
    host = container_config(spec, selinux=False, gpu_way=way)["HostConfig"]
    assert host["DeviceRequests"] == [asked]


@pytest.mark.usefixtures("pure")
@pytest.mark.parametrize(
    ("facts", "found", "support"),
    [
        ({}, (), GpuSupport()),
        ({"Runtimes": {"runc": {}}, "DiscoveredDevices": None}, (), GpuSupport()),
        ({"Runtimes": {"nvidia": {}}}, (), GpuSupport(way="runtime")),
        ({"Runtimes": {"nvidia": {}}}, (ALL,), GpuSupport(way="runtime", devices=(ALL,))),
        ({"DiscoveredDevices": [{"Source": "cdi", "ID": ALL}, {"ID": "vendor.com/net=all"}]}, (),
         GpuSupport(way="cdi", devices=(ALL,))),
        ({}, (ALL, ONE), GpuSupport(way="cdi", devices=(ONE, ALL))),
        ({}, ("vendor.com/net=all",), GpuSupport()),
    ],
)  # fmt: skip
def test_what_an_engine_says_it_can(facts, found, support):
    assert gpu_support(facts, found) == support


def test_specifications_in_folders(tmp_path):
    devices = [{"name": "0"}, {"name": "all"}]
    (tmp_path / "nvidia.yaml").write_text(
        "cdiVersion: 0.6.0\nkind: nvidia.com/gpu\ndevices:\n- name: '0'\n- name: all\n"
    )
    more = tmp_path / "more"
    more.mkdir()
    (more / "a.json").write_text(json.dumps({"kind": "nvidia.com/gpu", "devices": devices}))
    (more / "b.json").write_text(json.dumps({"kind": "a.com/b", "devices": [{"name": "x"}]}))
    assert cdi_devices([str(tmp_path), str(more), "/no/such"]) == ("a.com/b=x", ONE, ALL)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"kind": 1, "devices": [{"name": "0"}]}', "\udcff", "&a [*a]",
     '{"kind": "nvidia.com/gpu", "devices": {"name": "0"}}', "{" * 10_000],
)  # fmt: skip
def test_a_specification_that_is_none(tmp_path, text):
    for name in ("a.json", "b.yaml", "c.yml", "d.txt"):
        (tmp_path / name).write_bytes(text.encode(errors="surrogateescape"))
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "link.json").symlink_to("/no/such")
    assert cdi_devices([str(tmp_path)]) == ()
