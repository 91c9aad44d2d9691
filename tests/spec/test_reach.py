"""What a devcontainer.json asks for beyond an ordinary box."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from makers import base, lock, spec

from jupyter_devbox.render.tree import render
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.reach import reach
from jupyter_devbox.spec.written import ATTACH_COMMAND

pytestmark = pytest.mark.usefixtures("pure")
FILE = ".devcontainer/devcontainer.json"


def asked(configuration, file=FILE):
    return {f.place: f.kind for f in reach(configuration, file)}


def ours():
    """The configuration that we write ourselves, with everything in it that we may write."""
    options = ProjectOptions(include=("lxml",), ports=(6006,), isolation="kernel")
    tree = render(
        spec(ports=(6006,), notebooks=("a.ipynb",), base_image=base()), lock(), options,
        uv_version="1", nested=True,
    )  # fmt: skip
    (file,) = (f for f in tree.files if f.path == FILE)
    configuration = {}
    for path, value in file.values.items():
        place = configuration
        for key in path[:-1]:
            place = place.setdefault(key, {})
        place[path[-1]] = value
    return configuration


def test_what_we_write_ourselves_is_asked_for_by_nobody():
    assert asked(ours()) == {}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--shm-size=1g", "--memory=2g", "--cpus=1.5", "--pids-limit=100"],
        ["--ulimit", "nofile=1024:2048", "--gpus", "all", "-m", "2g", "-m2g"],
        [],
    ],
)
def test_limits_and_cards_are_taken(arguments):
    assert asked({"runArgs": arguments}) == {}


@pytest.mark.parametrize(
    ("configuration", "place", "kind"),
    [
        ({"runArgs": ["--privileged"]}, "runArgs --privileged", "privileged"),
        ({"runArgs": ["--privileged=true"]}, "runArgs --privileged", "privileged"),
        ({"runArgs": ["-v", "/:/host"]}, "runArgs --volume", "volume"),
        ({"runArgs": ["-v/:/host"]}, "runArgs --volume", "volume"),
        ({"runArgs": ["--volume=/:/host:ro"]}, "runArgs --volume", "volume"),
        ({"runArgs": ["-v", "/:/host:rshared"]}, "runArgs --volume", "never"),
        ({"runArgs": ["--mount", "type=bind,src=/,dst=/host"]}, "runArgs --mount", "mount"),
        ({"runArgs": ["--network=host"]}, "runArgs --network", "never"),
        ({"runArgs": ["--net", "host"]}, "runArgs --network", "never"),
        ({"runArgs": ["--network", "container:other"]}, "runArgs --network", "never"),
        ({"runArgs": ["--network=none"]}, "runArgs --network", "network"),
        ({"runArgs": ["--cap-add=SYS_ADMIN"]}, "runArgs --cap-add", "capability"),
        ({"runArgs": ["--security-opt", "seccomp=unconfined"]}, "runArgs --security-opt",
         "security"),
        ({"runArgs": ["--security-opt", "seccomp=/etc/shadow"]}, "runArgs --security-opt",
         "never"),
        ({"runArgs": ["--device=/dev/sda:/dev/sda:rwm"]}, "runArgs --device", "device"),
        ({"runArgs": ["--add-host=a:1.2.3.4"]}, "runArgs --add-host", "address"),
        ({"runArgs": ["--pid=host"]}, "runArgs --pid", "never"),
        ({"runArgs": ["-p", "80:80"]}, "runArgs --publish", "never"),
        ({"runArgs": ["--env-file", "/home/me/.env"]}, "runArgs --env-file", "never"),
        ({"runArgs": ["--memory=1g", "evil/image"]}, "runArgs evil/image", "never"),
        ({"runArgs": ["--memory", "--privileged"]}, "runArgs --memory", "never"),
        ({"runArgs": ["--memory=${localEnv:HOME}"]}, "runArgs --memory", "never"),
        ({"runArgs": "--privileged"}, "/runArgs", "never"),
        ({"runArgs": [["--privileged"]]}, "/runArgs", "never"),
        ({"privileged": True}, "/privileged", "privileged"),
        ({"privileged": "true"}, "/privileged", "never"),
        ({"capAdd": ["SYS_PTRACE"]}, "/capAdd/0", "capability"),
        ({"capAdd": "ALL"}, "/capAdd", "capability"),
        ({"securityOpt": ["seccomp=unconfined"]}, "/securityOpt/0", "security"),
        ({"mounts": ["source=/,target=/host,type=bind"]}, "/mounts/0", "mount"),
        ({"mounts": [{"source": "x", "target": "/x", "type": "volume"}]}, "/mounts/0", "mount"),
        ({"mounts": [{"type": "cluster"}]}, "/mounts/0", "never"),
        ({"mounts": {"a": 1}}, "/mounts", "never"),
        ({"workspaceMount": "source=/,target=/w,type=bind"}, "/workspaceMount", "never"),
        ({"features": {"ghcr.example.invalid/x:1": {}}}, "/features", "image"),
        ({"image": "evil:1"}, "/image", "image"),
        ({"dockerComposeFile": "${localEnv:X}.yml"}, "/dockerComposeFile", "service"),
        ({"dockerComposeFile": {"a": 1}}, "/dockerComposeFile", "service"),
        ({"runServices": "${localEnv:X}"}, "/runServices", "service"),
        ({"service": None}, "/service", "service"),
        ({"build": {"options": ["--network=host"]}}, "/build/options/0", "image"),
        ({"build": {"options": "--network=host"}}, "/build/options", "image"),
        ({"build": {"args": {"K": "${localEnv:AWS_SECRET}"}}}, "/build/args", "image"),
        ({"build": {"dockerfile": "Other"}}, "/build/dockerfile", "image"),
        ({"build": {"context": ".."}}, "/build/context", "image"),
        ({"build": "Dockerfile"}, "/build", "image"),
        ({"containerEnv": {"K": "${localEnv:AWS_SECRET}"}}, "/containerEnv/K", "variable"),
        ({"containerEnv": {"K": "x${env:AWS_SECRET}"}}, "/containerEnv/K", "variable"),
        ({"containerEnv": {"K": "${later:X}"}}, "/containerEnv/K", "variable"),
        ({"containerEnv": {"SSL_CERT_FILE": "/w/evil"}}, "/containerEnv/SSL_CERT_FILE", "never"),
        ({"containerEnv": {"a b": "x"}}, "/containerEnv/a b", "never"),
        ({"remoteEnv": {"K": "${localEnv:AWS_SECRET}"}}, "/remoteEnv", "never"),
        ({"name": "${localEnv:AWS_SECRET}"}, "/name", "never"),
        ({"initializeCommand": "touch /tmp/x"}, "/initializeCommand", "never"),
        ({"postCreateCommand": ["x"]}, "/postCreateCommand", "never"),
        ({"postAttachCommand": [ATTACH_COMMAND]}, "/postAttachCommand", "never"),
        ({"appPort": 80}, "/appPort", "never"),
        ({"remoteUser": "root"}, "/remoteUser", "never"),
        ({"customizations": {"codespaces": {}}}, "/customizations/codespaces", "never"),
        ({"customizations": {"vscode": {"extensions": ["e.vil"]}}},
         "/customizations/vscode/extensions/0", "never"),
        ({"customizations": {"vscode": {"settings": {"a": 1}}}},
         "/customizations/vscode/settings/a", "never"),
        ({"a/b~c": None}, "/a~1b~0c", "never"),
    ],
)  # fmt: skip
def test_each_is_named(configuration, place, kind):
    assert asked({**ours(), **configuration})[place] == kind


def test_what_stays_in_the_box_is_plain():
    assert asked({
        "forwardPorts": [8888], "containerEnv": {"A": "1", "B": "${containerEnv:PATH}"},
        "workspaceMount": "source=${localWorkspaceFolder},target=/w,type=bind,consistency=cached",
        "workspaceFolder": "/w", "privileged": False, "capAdd": [],
    }) == {}  # fmt: skip


def test_the_twin_in_a_folder_of_its_own_may_name_our_dockerfile():
    twin = {"build": {"dockerfile": "../Dockerfile", "context": ".."}}
    assert asked(twin, ".devcontainer/cuda/devcontainer.json") == {}
    assert asked(twin) == {"/build/dockerfile": "image", "/build/context": "image"}


def test_a_grant_follows_its_value_but_not_its_place():
    mount, other = "source=/a,target=/a,type=bind", "source=/b,target=/b,type=bind"
    first = {f.value: f.digest for f in reach({"mounts": [mount]}, FILE)}
    second = {f.value: f.digest for f in reach({"mounts": [other, mount]}, "other.json")}
    assert first.items() <= second.items()
    assert len(set(second.values())) == 2
    (elsewhere,) = reach({"runArgs": [f"--mount={mount}"]}, FILE)
    assert elsewhere.digest not in {*first.values(), *second.values()}


KNOWN = {
    "$schema", "appPort", "build", "capAdd", "containerEnv", "containerUser", "context",
    "customizations", "dockerComposeFile", "dockerFile", "features", "forwardPorts",
    "hostRequirements", "image", "init", "initializeCommand", "mounts", "name",
    "onCreateCommand", "otherPortsAttributes", "overrideCommand", "overrideFeatureInstallOrder",
    "portsAttributes", "postAttachCommand", "postCreateCommand", "postStartCommand",
    "privileged", "remoteEnv", "remoteUser", "runArgs", "runServices", "secrets", "securityOpt",
    "service", "shutdownAction", "updateContentCommand", "updateRemoteUserUID", "userEnvProbe",
    "waitFor", "workspaceFolder", "workspaceMount",
}  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
    | st.sampled_from(["--privileged", "-v", "/:/x", "${localEnv:A}", "type=bind,src=/,dst=/x"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner,
                                                               max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(sorted(KNOWN)) | st.text(max_size=20), VALUES, max_size=6))
def test_any_object_is_read_and_an_unknown_key_is_a_finding(configuration):
    found = reach(configuration, FILE)
    places = {f.place for f in found}
    for finding in found:
        assert finding.says
        assert finding.file == FILE
        json.loads(finding.value)
    for key in configuration.keys() - KNOWN:
        assert f"/{key.replace('~', '~0').replace('/', '~1')}" in places


@given(st.lists(st.text(max_size=20) | st.sampled_from(["--privileged", "-v", "--memory", "-m"])))
def test_no_argument_passes_unseen_but_limits(arguments):
    found = reach({"runArgs": arguments}, FILE)
    if "--privileged" in arguments and all(a == "--privileged" for a in arguments):
        assert [f.kind for f in found][:1] == ["privileged"]
    told = "".join(f.key + f.value for f in found)
    for word in arguments:
        if word.isalnum() and word.isascii() and word not in told:
            # It was the value of a limit.
            assert arguments[arguments.index(word) - 1] in {"--memory", "-m"}
