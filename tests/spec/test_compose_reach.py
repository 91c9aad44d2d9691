"""What a Compose file asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from makers import spec

from jupyter_devbox.catalogue import read_catalogue
from jupyter_devbox.files.merge import merge
from jupyter_devbox.render.compose import compose_file, cuda_compose_file, override_file
from jupyter_devbox.spec.compose import OwnCompose
from jupyter_devbox.spec.compose_reach import compose_reach
from jupyter_devbox.spec.limit_words import compose_limits

SERVICES = read_catalogue().services
pytestmark = pytest.mark.usefixtures("pure")


def asked(text):
    return [f.place.partition("#")[2] for f in compose_reach(text, "c.yml")]


def test_a_plain_one_asks_for_nothing():
    text = """
version: "3"
services:
  app:
    image: python:3.12
    command: sleep infinity
    environment: {A: "1", B: "a$$b"}
    shm_size: 1gb
    depends_on: [db]
    network_mode: service:db
    user: "1000"
    volumes: [db-data:/var/lib/db, ..:/workspaces/lab:cached, /var/cache]
  db:
    image: postgres:17
    networks: [back]
    volumes:
      - {type: volume, source: db-data, target: /var/lib/db}
      - {type: bind, source: ../, target: /lab, read_only: true}
volumes:
  db-data:
networks:
  back: {}
"""
    assert asked(text) == []


@pytest.mark.parametrize(
    "line",
    [
        "privileged: true", "cap_add: [ALL]", "network_mode: host",
        "security_opt: ['seccomp:unconfined']", "pid: host", "ipc: host", "devices: [/dev/sda]",
        "network_mode: container:stranger", "networks: {a: {ipv4_address: 1.2.3.4}}",
        "build: {context: ., dockerfile: Dockerfile, secrets: [ca]}",
        "env_file: /home/me/.env", "extends: {file: ../x.yml, service: a}", "ports: ['80:80']",
        "build: {context: ..}", "environment: [AWS_SECRET]", "environment: {AWS_SECRET: }",
        "environment: {A: '${AWS_SECRET}'}", "image: '$AWS_SECRET'", "later: 1", "<<: {a: b}",
    ],
)  # fmt: skip
def test_each_is_named(line):
    key = line.partition(":")[0]
    assert asked(f"services:\n  a/b:\n    {line}\n") == [f"/services/a~1b/{key}"]


@pytest.mark.parametrize(
    "mount",
    [
        "/:/host", "../..:/w", "../sub:/w", "./x:/w", "~/.ssh:/s", "$HOME:/h", "${X:-a}:/h",
        "{type: bind, source: /, target: /h}", "{type: bind, source: .., target: /h, bind: {}}",
        "{type: npipe, source: a, target: b}", "{source: a, target: /b}", "data:relative",
        "data:/b:exec", "C:/x:/y", "[a]", "/var/run/docker.sock:/var/run/docker.sock",
        "{type: bind, source: '${SSL_CERT_FILE:-/}', target: /h, read_only: true}",
    ],
)  # fmt: skip
def test_a_mount_that_leaves_the_project_is_named(mount):
    text = f"services:\n  a:\n    volumes:\n      - db:/x\n      - {mount}\n"
    assert asked(text) == ["/services/a/volumes/1"]


def test_the_top_is_looked_at_too():
    text = (
        "include: [../x.yml]\nvolumes: {v: {driver_opts: {device: /}}}\nsecrets: {s: {file: /}}\n"
        "name: other\nnetworks: {n: {external: true}}"
    )
    assert asked(text) == ["/include", "/volumes", "/secrets", "/name", "/networks"]
    assert asked("volumes: {v: {name: others_data}}") == ["/volumes"]
    assert asked("volumes: {'../v': }") == ["/volumes"]


def test_relative_paths_start_at_the_first_files_folder():
    text = "services: {a: {volumes: ['.:/w', '..:/x']}}"
    found = compose_reach(text, "compose.yml", base=".")
    assert [f.place for f in found] == ["compose.yml#/services/a/volumes/1"]


def test_the_box_may_be_built_as_we_build_it_and_no_other_service():
    build = "{context: ., dockerfile: Dockerfile, secrets: [ca]}"
    text = f"services: {{app: {{build: {build}}}, db: {{build: {build}}}}}"
    found = compose_reach(text, ".devcontainer/c.yml", boxes={"app"})
    assert [f.place.partition("#")[2] for f in found] == ["/services/db/build"]
    for other in (
        build.replace(" .,", " ..,"),
        build.replace("Dockerfile", "../D"),
        build.replace("[ca]", "[ca, ssh]"),
        build.replace("}", ", ssh: [default]}"),
    ):
        text = f"services: {{app: {{build: {other}}}}}"
        assert len(compose_reach(text, ".devcontainer/c.yml", boxes={"app"})) == 1


BOUNDS = compose_limits({"memory": "4g", "cpus": "1.5", "shm_size": "1g", "pids": "512"})


@pytest.mark.parametrize("case", ["plain", "twin", "override"])
def test_what_we_write_asks_for_nothing(case):
    environment = spec(services=SERVICES, project='a "b" $(c) ${HOME}')
    own = OwnCompose(files=("c.yml",), service="it's")
    files = {
        "plain": (compose_file(environment, limits=BOUNDS), "box"),
        "twin": (cuda_compose_file(replace(environment, target="cuda")), "box-cuda"),
        "override": (override_file(environment, own, limits=BOUNDS), "it's"),
    }
    file, service = files[case]
    text = merge(file, None).content.decode()
    assert compose_reach(text, file.path, boxes={service}) == ()
    assert compose_reach(text, file.path) != ()  # but to any other service it would be a build


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
        assert finding.kind == "service"


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
