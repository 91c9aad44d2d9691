"""Our own schema of devcontainer.json: it lets through what works, and says what doesn't."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import resources

import pytest
from jsonschema import Draft202012Validator
from official_schema import official_schema

from jupyter_devbox.errors import ConfigurationError
from jupyter_devbox.files.configuration import check_configuration

GOOD = [
    {"image": "python:3.12"},
    {"build": {"dockerfile": "Dockerfile", "context": "..", "args": {"A": "1"}, "target": "x"}},
    {"dockerFile": "Dockerfile", "context": ".", "build": {"args": {"A": "1"}}},
    {"dockerComposeFile": ["a.yml"], "service": "app", "workspaceFolder": "/w"},
    {"image": "x", "forwardPorts": [8888, "db:5432"], "appPort": [1, "2:3"]},
    {"image": "x", "mounts": ["type=tmpfs,target=/t", {"type": "volume", "target": "/x"}]},
    {"image": "x", "hostRequirements": {"gpu": "optional", "memory": "8gb", "cpus": 2}},
    {"image": "x", "hostRequirements": {"gpu": {"cores": 100, "memory": "4gb"}}},
    {"image": "x", "remoteEnv": {"PATH": "a:b", "X": None}, "waitFor": "postCreateCommand"},
    {"image": "x", "postCreateCommand": {"a": "x", "b": ["y", "z"]}, "onCreateCommand": ["a"]},
    {"image": "x", "portsAttributes": {"6006": {"label": "T", "onAutoForward": "silent"}}},
    {"image": "x", "features": {"host/x:1": {}}, "customizations": {"vscode": {"settings": {}}}},
    {"image": "x", "a-key-of-tomorrow": [1], "customizations": {"other": 5}},
]
BAD = [
    ({}, "top level", "image, build or dockerComposeFile is needed"),
    ({"name": "x"}, "top level", "is needed"),
    ({"image": "x", "build": {"dockerfile": "D"}}, "top level", "cannot stand side by side"),
    ({"image": ""}, "/image", "an image name"),
    ({"build": {}}, "/build", '"dockerfile" is missing'),
    ({"build": "D"}, "/build", "an object"),
    ({"dockerComposeFile": "a.yml", "service": "s"}, "top level", '"workspaceFolder" is missing'),
    ({"image": "x", "build": None}, "top level", "side by side"),
    ({"build": {"dockerfile": "D", "args": {"A/~b": 5}}}, "/build/args/A~1~0b", "must be text"),
    ({"image": "x", "containerEnv": {"N": 1}}, "/containerEnv/N", "must be text"),
    ({"image": "x", "containerEnv": {"N": None}}, "/containerEnv/N", "must be text"),
    ({"image": "x", "forwardPorts": ["8888"]}, "/forwardPorts/0", "a port"),
    ({"image": "x", "forwardPorts": [70000]}, "/forwardPorts/0", "a port"),
    ({"image": "x", "forwardPorts": ["my_db:5432"]}, "/forwardPorts/0", "a port"),
    ({"image": "x", "mounts": [{"type": "bind", "source": "a", "target": "b", "readonly": True}]},
     "/mounts/0", "read-only ones as text"),
    ({"image": "x", "mounts": [{"type": "bind"}]}, "/mounts/0", "source and target"),
    ({"image": "x", "hostRequirements": {"gpu": "all"}}, "/hostRequirements/gpu", "optional"),
    ({"image": "x", "hostRequirements": {"memory": "8g"}}, "/hostRequirements/memory", "8gb"),
    ({"image": "x", "hostRequirements": {"cpus": 0}}, "/hostRequirements/cpus", "at least 1"),
    ({"image": "x", "shutdownAction": "stopCompose"}, "/shutdownAction", "stopContainer"),
    ({"image": "x", "waitFor": "bogus"}, "/waitFor", "onCreateCommand"),
    ({"image": "x", "runArgs": "--gpus all"}, "/runArgs", "a list"),
    ({"image": "x", "init": "yes"}, "/init", "true or false"),
    ({"image": "x", "postStartCommand": 5}, "/postStartCommand", "a command"),
    ({"image": "x", "customizations": {"jupyter_devbox": {"written": {"a": 1}}}},
     "/customizations/jupyter_devbox/written/a", "must be text"),
]  # fmt: skip


def schema():
    file = resources.files("jupyter_devbox.spec") / "schemas" / "devcontainer.json"
    return json.loads(file.read_text(encoding="utf-8"))


def test_the_schema_is_one():
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("value", GOOD, ids=str)
def test_what_works_passes(value):
    check_configuration(value)
    assert Draft202012Validator(schema()).is_valid(value)


@pytest.mark.parametrize(("value", "pointer", "text"), BAD, ids=str)
def test_what_doesn_t_is_named(value, pointer, text):
    with pytest.raises(ConfigurationError) as caught:
        check_configuration(value)
    assert any(line.startswith(f"{pointer}: ") for line in caught.value.details)
    assert text in caught.value.message
    assert caught.value.hint
    assert not Draft202012Validator(schema()).is_valid(value)


def test_all_problems_come_at_once_and_without_the_values():
    value = {"image": "x", "containerEnv": {"TOKEN": ["hunter2"]}, "init": 1, "runArgs": {}}
    with pytest.raises(ConfigurationError) as caught:
        check_configuration(value)
    assert caught.value.details == (
        "/containerEnv/TOKEN: must be text",
        "/init: must be true or false",
        "/runArgs: must be a list",
    )
    assert "and 2 more" in caught.value.message
    assert "hunter2" not in str(caught.value.to_json())


def test_the_library_is_loaded_only_when_something_is_checked():
    code = "import sys, jupyter_devbox.files.writer; assert 'jsonschema' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# --- beside the specification's own schema ---------------------------------------------


@pytest.fixture(scope="module")
def official(shared):
    return official_schema(shared)


# The specification's schema takes no keys that it doesn't know; and it overlooks these.
STRICTER = [{"image": "x", "a-key-of-tomorrow": [1], "customizations": {"other": 5}}]
OURS_ALONE = [
    {},
    {"image": ""},
    {"image": "x", "customizations": {"jupyter_devbox": {"written": {"a": 1}}}},
]


@pytest.mark.parametrize("value", [v for v in GOOD if v not in STRICTER], ids=str)
def test_what_we_let_through_the_specification_does_too(official, value):
    assert official.is_valid(value)


@pytest.mark.parametrize("value", [v for v, *_ in BAD if v not in OURS_ALONE], ids=str)
def test_what_we_refuse_the_specification_refuses_too(official, value):
    assert not official.is_valid(value)
