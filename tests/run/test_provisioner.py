"""The provisioner without an engine: its settings, and how it words errors."""

from __future__ import annotations

import asyncio
import json
import os

import pytest
from jupyter_client.kernelspec import KernelSpec

from jupyter_devbox.errors import ConfigurationError, KernelStartError
from jupyter_devbox.files.reader import configuration_digest
from jupyter_devbox.provisioner import DevboxProvisioner
from jupyter_devbox.provisioner.words import sentence
from jupyter_devbox.spec.container import Limits
from jupyter_devbox.spec.gpu import GpuRequest

IMAGE = f"sha256:{'1' * 64}"


def provisioner(**config):
    spec = KernelSpec(display_name="digits · CPU", language="python")
    return DevboxProvisioner(kernel_id="k", kernel_spec=spec, parent=None, **config)


def test_settings_reach_the_box():
    made = provisioner(
        image=IMAGE, project="/home/u/digits", memory=2**30, shm=2**26, cpus=1.5, target="cuda"
    ).box_spec()
    assert (made.image, made.project, made.name, made.target) == (
        IMAGE,
        "/home/u/digits",
        "digits",
        "cuda",
    )
    assert made.limits == Limits(memory=2**30, shm=2**26, cpus=1.5)
    assert (made.uid, made.gid) == (os.getuid(), os.getgid())
    assert made.config_file is None


def test_a_restart_takes_over_what_is_registered_and_forgets_what_is_not(tmp_path):
    def register(**config):
        document = {"metadata": {"jupyter_devbox": {"config": config}}}
        (tmp_path / "kernel.json").write_text(json.dumps(document))

    made = provisioner(
        image=IMAGE, project="/p", gpus=["0"], env={"A": "b"}, ulimits=["core=0"], start_timeout=90
    )
    made.kernel_spec.resource_dir = str(tmp_path)
    register(image=IMAGE, project="/p", gpus=["1"], memory=2**30)
    made.renew()
    assert (made.cards, made.limits) == (GpuRequest(devices=("1",)), Limits(memory=2**30))
    assert (made.env, made.start_timeout) == ({}, 90)
    register(image=IMAGE, project="/p")
    made.renew()
    assert made.cards is None
    (tmp_path / "kernel.json").write_text("{")
    made.renew()
    assert made.limits.memory == 2**30
    register(gpus=1)
    with pytest.raises(ConfigurationError, match="damaged"):
        made.renew()


def test_keys_of_a_later_version_are_dropped():
    assert provisioner(image=IMAGE, project="/p", colour="blue").box_spec().image == IMAGE


@pytest.mark.parametrize(
    "config", [{}, {"image": IMAGE}, {"project": "/p"}, {"image": IMAGE, "project": "relative"}]
)
def test_a_kernelspec_that_names_nothing(config):
    with pytest.raises(ConfigurationError, match="digits · CPU") as caught:
        provisioner(**config).box_spec()
    assert caught.value.hint == "jupyter devbox kernel install"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("", "p"), ("..", "p"), (".", "p"), ("a/../../b", "b"), ("my lab", "my lab")],
)
def test_a_name_never_leaves_workspaces(name, expected):
    assert provisioner(image=IMAGE, project="/p", name=name).box_spec().name == expected


def test_a_configuration_file_is_digested(tmp_path):
    config = tmp_path / "devcontainer.json"
    config.write_text("{}")
    made = provisioner(image=IMAGE, project="/p", config_file=str(config)).box_spec()
    assert made.config_file == str(config)
    assert made.config_digest == configuration_digest(config)
    config.write_text('{"init": true}')
    assert made.config_digest != configuration_digest(config)


def test_before_a_kernel_there_is_none():
    one = provisioner(image=IMAGE, project="/p")
    assert not one.has_process
    assert one.resolve_path("x") is None
    assert one.why() is None
    assert asyncio.run(one.poll()) == asyncio.run(one.wait()) == 0
    for nothing in (one.kill(), one.terminate(), one.send_signal(2), one.cleanup()):
        asyncio.run(nothing)


def test_an_error_as_text():
    error = KernelStartError("It ended: exit code 1", hint="restart", details=("a", "b"))
    assert sentence(error) == "It ended: exit code 1\na\nb\nNext: restart"
    assert sentence(KernelStartError("It ended")) == "It ended"
