"""What is sent to the API, and what its answers mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.engine.docker_values import (
    container_config,
    container_info,
    file_changes,
    image_info,
    is_image_id,
    is_reference,
    label_filters,
    platform_name,
    seconds,
    split_reference,
)
from jupyter_devbox.engine.docker_values import usage as read_usage
from jupyter_devbox.errors import EngineError
from jupyter_devbox.spec.box_use import Usage
from jupyter_devbox.spec.container import ContainerSpec, Limits, Mount, Rights

pytestmark = pytest.mark.usefixtures("pure")

IMAGE = f"sha256:{'a' * 64}"


def config(*, selinux: bool = False, **options: object) -> dict:
    return container_config(ContainerSpec(image=IMAGE, **options), selinux=selinux)


class TestConfig:
    def test_the_least(self):
        made = config()
        assert made["Image"] == IMAGE
        assert not {"Entrypoint", "Cmd", "User", "WorkingDir"} & set(made)
        assert made["HostConfig"] == {
            "Init": True,
            "SecurityOpt": ["no-new-privileges"],
            "NetworkMode": "bridge",
            "Mounts": [],
            "Binds": [],
        }

    def test_nothing_is_ever_published_or_privileged(self):
        text = repr(config(command=("a",), network="none", limits=Limits(memory=1 << 30)))
        for word in ("PortBindings", "PublishAllPorts", "Privileged", "CapAdd", "'host'"):
            assert word not in text

    def test_rights_are_those_of_the_spec(self):
        rights = Rights(
            privileged=True, capabilities=("SYS_PTRACE",), security=("seccomp=unconfined",),
            devices=("/dev/a", "/dev/a:/dev/b", "/dev/a:rw", "/dev/a:/dev/b:r"),
            addresses=("a:1.2.3.4",),
        )  # fmt: skip
        cache = Mount(source="cache", target="/c", kind="volume")
        host = config(rights=rights, network="lab", mounts=(cache,))["HostConfig"]
        assert host["Privileged"] is True
        assert host["CapAdd"] == ["SYS_PTRACE"]
        assert host["SecurityOpt"] == ["no-new-privileges", "seccomp=unconfined"]
        assert host["ExtraHosts"] == ["a:1.2.3.4"]
        assert host["NetworkMode"] == "lab"
        assert host["Mounts"][0]["Type"] == "volume"
        assert [tuple(device.values()) for device in host["Devices"]] == [
            ("/dev/a", "/dev/a", "rwm"), ("/dev/a", "/dev/b", "rwm"), ("/dev/a", "/dev/a", "rw"),
            ("/dev/a", "/dev/b", "r"),
        ]  # fmt: skip

    def test_the_command_replaces_entrypoint_and_command(self):
        made = config(command=("a", "b c"))
        assert (made["Entrypoint"], made["Cmd"]) == (["a"], ["b c"])
        assert config(command=("a",))["Cmd"] == []

    def test_limits(self):
        host = config(limits=Limits(memory=1 << 30, shm=1 << 20, cpus=1.5, pids=9))["HostConfig"]
        assert host["Memory"] == host["MemorySwap"] == 1 << 30
        assert (host["ShmSize"], host["NanoCpus"], host["PidsLimit"]) == (
            1 << 20,
            1_500_000_000,
            9,
        )

    def test_mounts_and_selinux(self):
        mounts = (
            Mount(source="/a:b", target="/x", readonly=True),
            Mount(source="/ours", target="/y", relabel=True),
            Mount(source="/ours2", target="/z", relabel=True, readonly=True),
        )
        host = config(mounts=mounts)["HostConfig"]
        assert [m["Source"] for m in host["Mounts"]] == ["/a:b", "/ours", "/ours2"]
        assert [m["ReadOnly"] for m in host["Mounts"]] == [True, False, True]
        host = config(mounts=mounts, selinux=True)["HostConfig"]
        assert [m["Source"] for m in host["Mounts"]] == ["/a:b"]
        assert host["Binds"] == ["/ours:/y:z", "/ours2:/z:ro,z"]
        with pytest.raises(EngineError, match="colon"):
            config(mounts=(Mount(source="/a:b", target="/x", relabel=True),), selinux=True)

    def test_the_rest(self):
        made = config(user="1:2", workdir="/w", env={"A": "b=c"}, labels={"l": "v"})
        assert (made["User"], made["WorkingDir"]) == ("1:2", "/w")
        assert (made["Env"], made["Labels"]) == (["A=b=c"], {"l": "v"})


class TestImage:
    def raw(self, **more: object) -> dict:
        return {"Id": IMAGE, "Config": None, "Os": "linux", "Architecture": "arm64", **more}

    def test_the_least(self):
        info = image_info(self.raw())
        assert (info.id, info.platform, info.digest, info.tags) == (IMAGE, "linux/arm64", None, ())

    def test_the_digest_is_that_of_the_name_asked_for(self):
        raw = self.raw(RepoDigests=["other@sha256:1", "python@sha256:2", "reg:5/python@sha256:3"])
        assert image_info(raw, "python:3.11").digest == "sha256:2"
        assert image_info(raw, "library/python").digest == "sha256:2"
        assert image_info(raw, "reg:5/python").digest == "sha256:3"
        assert image_info(raw, IMAGE).digest is None
        assert image_info(raw, "mypython").digest is None

    def test_environment(self):
        raw = self.raw(Config={"Env": ["A=b=c", "EMPTY=", "BARE"], "Labels": {"x": "y"}})
        info = image_info(raw)
        assert info.env == {"A": "b=c", "EMPTY": "", "BARE": ""}
        assert info.labels == {"x": "y"}


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [
        ({"Status": "created", "ExitCode": 0}, "created", None),
        ({"Status": "restarting", "ExitCode": 1}, "running", None),
        ({"Status": "exited", "ExitCode": 3, "OOMKilled": True}, "exited", 3),
        ({"Status": "removing", "ExitCode": 137}, "dead", 137),
    ],
)
def test_containers(state, status, code):
    raw = {"Id": "i", "Name": "/n", "Image": IMAGE, "State": state, "Config": {}, "HostConfig": {}}
    info = container_info(raw)
    assert (info.name, info.status, info.exit_code) == ("n", status, code)
    assert info.oom_killed is state.get("OOMKilled", False)


@pytest.mark.parametrize(
    ("stamp", "value"),
    [
        ("1970-01-01T00:00:01.5Z", 1.5),
        ("1970-01-01T01:00:00.123456789+01:00", 0.123456789),
        ("1970-01-01T00:00:02Z", 2.0),
        ("0001-01-01T00:00:00Z", 0.0),
        ("", 0.0),
        ("9999-99-99T00:00:00Z", 0.0),
    ],
)
def test_time_stamps(stamp, value):
    assert seconds(stamp) == pytest.approx(value)


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("a", ("a", "")),
        ("a:1", ("a", "1")),
        ("h:5/a", ("h:5/a", "")),
        ("h:5/a:1", ("h:5/a", "1")),
        ("a:1@sha256:x", ("a", "1")),
    ],
)
def test_references(reference, parts):
    assert split_reference(reference) == parts


@given(st.text())
def test_what_passes_as_a_reference_is_safe_in_an_address(text):
    if is_reference(text):
        assert not set(text) & set(" ?#%\\\n&")
        assert ".." not in text
        assert not text.startswith(("/", "-", "."))


def test_changes_of_a_file_system():
    rows = [{"Path": "/b", "Kind": 2}, {"Path": "/a", "Kind": 1}, {"Path": "/c", "Kind": 7}]
    found = [(change.path, change.kind) for change in file_changes(rows)]
    assert found == [("/a", "added"), ("/b", "removed")]
    assert file_changes(None) == ()


def test_small_things():
    assert is_image_id(IMAGE)
    assert not is_image_id(IMAGE[:-1])
    assert not is_image_id(f"{IMAGE}\n")
    assert label_filters({"a": "b", "c": ""}) == {"label": ["a=b", "c"]}
    assert platform_name("linux", "x86_64") == platform_name("linux", "amd64") == "linux/amd64"
    assert platform_name("linux", "aarch64") == "linux/arm64"


SECOND = {"usage": 900, "stats": {"inactive_file": 300, "anon": 500}}
FIRST = {"usage": 900, "stats": {"inactive_file": 1, "total_inactive_file": 200}}
CPU = {"cpu_usage": {"total_usage": 2_500_000_000}}


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        (
            {"memory_stats": SECOND, "cpu_stats": CPU, "pids_stats": {"current": 7}},
            Usage(at=1.0, memory=600, cpu_seconds=2.5, pids=7),
        ),
        (
            {"memory_stats": FIRST, "cpu_stats": {"cpu_usage": {"total_usage": 0}}},
            Usage(at=1.0, memory=700, cpu_seconds=0.0),
        ),
        ({"pids_stats": {"current": 1}}, Usage(at=1.0, pids=1)),
        ({"memory_stats": {"usage": 5, "stats": {"inactive_file": 9}}}, Usage(at=1.0, memory=0)),
        ({"memory_stats": {}, "cpu_stats": CPU, "pids_stats": {}}, None),
        ({"memory_stats": None, "cpu_stats": None, "pids_stats": None}, None),
        ({}, None),
    ],
)
def test_what_a_container_uses(raw, usage):
    assert read_usage(raw, 1.0) == usage
