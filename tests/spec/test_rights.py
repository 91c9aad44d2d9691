"""From what the user allowed to what a box gets."""

from __future__ import annotations

import pytest

from jupyter_devbox.spec.container import Mount, Rights
from jupyter_devbox.spec.mounts import read_mount, read_volume
from jupyter_devbox.spec.reach import reach
from jupyter_devbox.spec.rights import granted

pytestmark = pytest.mark.usefixtures("pure")


def given(configuration, host=None, leads_out=lambda path: False):
    findings = reach(configuration, ".devcontainer/devcontainer.json")
    return granted(findings, host or {}, "/home/me/lab", leads_out)


def test_nothing_gives_nothing():
    nothing = given({})
    assert (nothing.mounts, nothing.rights, nothing.network) == ((), Rights(), "bridge")
    # What the box never takes is not taken by being allowed.
    refused = given({
        "runArgs": ["--network=host", "--pid=host", "-p", "80:80"], "image": "x",
        "initializeCommand": "x", "features": {"x": {}}, "unknown": 1,
    })  # fmt: skip
    assert refused == nothing


def test_everything_that_may_be_allowed():
    taken = given({
        "privileged": True,
        "capAdd": ["SYS_PTRACE"],
        "securityOpt": ["seccomp=unconfined"],
        "containerEnv": {"TOKEN": "${localEnv:TOKEN}", "P": "${localWorkspaceFolder}"},
        "runArgs": ["--cap-add=NET_ADMIN", "--device", "/dev/fuse", "--add-host=a=1.2.3.4",
                    "--network=lab", "-v", "cache:/cache"],
        "mounts": ["type=bind,source=${localEnv:DATA:/srv},target=/data,readonly",
                   {"type": "bind", "source": "${localWorkspaceFolder}/x/..", "target": "/p"}],
    }, {"TOKEN": "s3cret"})  # fmt: skip
    assert taken.rights == Rights(
        privileged=True, capabilities=("SYS_PTRACE", "NET_ADMIN"),
        security=("seccomp=unconfined",), devices=("/dev/fuse",), addresses=("a:1.2.3.4",),
    )  # fmt: skip
    assert taken.network == "lab"
    assert taken.env == {"TOKEN": "s3cret"}
    assert taken.mounts == (
        Mount(source="cache", target="/cache", kind="volume"),
        Mount(source="/srv", target="/data", readonly=True),
        Mount(source="/home/me/lab", target="/p"),
    )
    assert taken.left_out == ()


@pytest.mark.parametrize(
    ("mount", "why"),
    [
        ("type=bind,source=data,target=/d", "no absolute path"),
        ("type=bind,source=${localEnv:GONE},target=/d", "no absolute path"),
        ("type=bind,source=/d,target=d", "no absolute path"),
        ("type=bind,source=${devcontainerId},target=/d", "a variable"),
        ("type=bind,source=${localWorkspaceFolder}/link,target=/d", "a link"),
        ("type=bind,source=/home/me/lab/link,target=/d", "a link"),
    ],
)
def test_a_mount_that_cannot_be_had_is_left_out_and_said(mount, why):
    taken = given({"mounts": [mount]}, leads_out=lambda path: path.endswith("link"))
    assert taken.mounts == ()
    (line,) = taken.left_out
    assert line.startswith("/mounts/0: ")
    assert why in line


@pytest.mark.parametrize(
    "entry",
    ["", "type=bind", "source=/a", 'type=bind,source="/a,b",target=/c', "a", 7, None, ["x"],
     "type=tmpfs,target=/x", "type=bind,source=/a,target=/b,bind-propagation=shared",
     "type=bind,source=/a,source=/,target=/b", {"type": "bind", "source": 1, "target": "/x"}],
)  # fmt: skip
def test_mounts_of_another_kind(entry):
    assert read_mount(entry) is None


@pytest.mark.parametrize("text", ["", "/a", "/a:/b:z", "/a:/b:ro:x", ":/b", "/a:", "::"])
def test_volumes_of_another_kind(text):
    assert read_volume(text) is None


def test_the_colon_of_a_default_is_none_of_the_volume():
    assert read_volume("${localEnv:D:/srv}:/d:ro") == Mount(
        source="${localEnv:D:/srv}", target="/d", readonly=True
    )
