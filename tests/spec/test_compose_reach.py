"""What a Compose file asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.spec.compose_reach import compose_reach

pytestmark = pytest.mark.usefixtures("pure")


def asked(text):
    return [f.place.partition("#")[2] for f in compose_reach(text, "c.yml")]


def test_a_plain_one_asks_for_nothing():
    text = """
name: lab
services:
  app:
    image: python:3.12
    command: sleep infinity
    environment: {A: "1", B: "a$$b"}
    shm_size: 1gb
    depends_on: [db]
"""
    assert asked(text) == []


@pytest.mark.parametrize(
    "line",
    [
        "volumes: ['/:/host']", "privileged: true", "cap_add: [ALL]", "network_mode: host",
        "security_opt: ['seccomp:unconfined']", "pid: host", "ipc: host", "devices: [/dev/sda]",
        "env_file: /home/me/.env", "extends: {file: ../x.yml, service: a}", "ports: ['80:80']",
        "build: {context: ..}", "environment: [AWS_SECRET]", "environment: {AWS_SECRET: }",
        "environment: {A: '${AWS_SECRET}'}", "image: '$AWS_SECRET'", "later: 1", "<<: {a: b}",
    ],
)  # fmt: skip
def test_each_is_named(line):
    key = line.partition(":")[0]
    assert asked(f"services:\n  a/b:\n    {line}\n") == [f"/services/a~1b/{key}"]


def test_the_top_is_looked_at_too():
    text = "include: [../x.yml]\nvolumes: {v: {driver_opts: {device: /}}}\nsecrets: {s: {file: /}}"
    assert asked(text) == ["/include", "/volumes", "/secrets"]


@pytest.mark.parametrize(
    "text",
    [
        "", "[1]", "a: [", "a\0b", "a: &a [*a]\n",
        "\n".join(["a0: &a0 [x,x,x,x,x,x,x,x,x,x]",
                   *(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9))]),
        "[" * 5000,
    ],
)  # fmt: skip
def test_what_cannot_be_looked_through_is_a_finding_as_a_whole(text):
    assert asked(text) == [""]


def test_a_tag_makes_no_object():
    assert asked("a: !!python/object/apply:os.system [id]") == ["/a"]


@given(st.text())
def test_any_text_is_read(text):
    for finding in compose_reach(text, "c.yml"):
        assert finding.kind == "never"


def deployed(text):
    return compose_reach(f"services:\n  app:\n    deploy: {text}\n", "compose.yml")


@pytest.mark.parametrize(
    "device",
    [
        "{driver: nvidia, count: all, capabilities: [gpu]}",
        "{capabilities: [gpu], device_ids: ['0']}",
        "{driver: cdi, device_ids: [nvidia.com/gpu=all]}",
    ],
)
def test_graphics_cards_are_taken_without_asking(device):
    assert deployed(f"{{resources: {{reservations: {{devices: [{device}]}}}}}}") == ()
    assert compose_reach("services: {app: {gpus: all}}", "compose.yml") == ()


@pytest.mark.parametrize(
    "text",
    [
        "{resources: {reservations: {devices: [{driver: tpu, capabilities: [tpu]}]}}}",
        "{resources: {reservations: {devices: [{driver: cdi, device_ids: [vendor.com/disk=0]}]}}}",
        "{resources: {reservations: {devices: [{capabilities: [gpu], options: {x: y}}]}}}",
        "{resources: {reservations: {devices: all}}}",
        "{resources: {reservations: all}}",
        "{resources: all}",
        "{mode: global}",
        "{resources: {limits: {memory: '${HOME}'}}}",
    ],
)
def test_what_else_is_deployed_is_named(text):
    (finding,) = deployed(text)
    assert finding.key.endswith("/services/app/deploy")
