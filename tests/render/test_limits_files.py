"""Other limits in files that stand: what is written is what a whole rendering would write."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from makers import direct, spec

from jupyter_devbox.catalogue import read_catalogue
from jupyter_devbox.render import limits_tree
from jupyter_devbox.render.compose import (
    compose_file,
    cuda_compose_file,
    override_file,
    with_bounds,
)
from jupyter_devbox.render.limits import OPTIONS
from jupyter_devbox.spec.compose import OwnCompose
from jupyter_devbox.spec.gpu import GpuRequest
from jupyter_devbox.spec.limit_words import compose_limits

pytestmark = pytest.mark.usefixtures("pure")
SERVICES = read_catalogue().services
CONFIG = ".devcontainer/devcontainer.json"
COMPOSE = ".devcontainer/compose.yaml"

LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "memory": st.sampled_from(["512m", "4g", "1.5g"]),
        "cpus": st.sampled_from(["1", "1.5"]),
        "shm_size": st.sampled_from(["64m", "1g"]),
        "pids": st.sampled_from(["64", "512"]),
    },
)
CARDS = st.none() | st.sampled_from([("0",), ("0", "1"), ("MIG-2a1b/1/0",), ()]).map(
    lambda devices: GpuRequest(devices=devices)
)
NAMES = st.text(max_size=12) | st.sampled_from(["box", "web:", "init", "a b", "#x", "mem_limit"])


@given(st.tuples(LIMITS, CARDS), st.tuples(LIMITS, CARDS), st.integers(1, len(SERVICES)), st.text())
def test_a_block_becomes_what_would_be_rendered(before, after, count, project):
    (before, was), (after, then) = before, after
    environment = spec(direct("numpy==2.1"), services=SERVICES[:count], project=project)
    twin = replace(environment, target="cuda")
    old, new = compose_limits(before), compose_limits(after)

    def text(file):
        return file.blocks[0].text

    assert with_bounds(text(compose_file(environment, limits=old)), new, then) == text(
        compose_file(environment, limits=new)
    )
    assert with_bounds(text(cuda_compose_file(twin, limits=old, gpus=was)), new, then) == text(
        cuda_compose_file(twin, limits=new, gpus=then)
    )


@given(LIMITS, LIMITS, NAMES)
def test_a_service_of_the_users_own_too(before, after, service):
    own = OwnCompose(files=("../compose.yaml",), service=service)
    environment = spec(direct("numpy==2.1"))
    old, new = compose_limits(before), compose_limits(after)
    then = override_file(environment, own, limits=new).blocks[0].text
    text = override_file(environment, own, limits=old).blocks[0].text
    assert with_bounds(text, new, None) == then


@given(st.text())
def test_a_block_may_hold_anything(text):
    with_bounds(text, {"cpus": "2"}, None)


def test_only_what_changes_is_there():
    stood = {CONFIG: ["--memory=1g", "--init"], ".devcontainer/a/devcontainer.json": ["-m", "2g"]}
    assert limits_tree(stood, {}).files == ()
    (file,) = limits_tree(stood, {"memory": "2g"}).files
    assert (file.path, file.edits) == (CONFIG, {("runArgs",): ["--init", "--memory=2g"]})
    assert (file.values, file.only) == ({}, frozenset())
    (file,) = limits_tree({}, {}, options={"gpus": "0"}).files
    assert (file.values, file.only) == ({OPTIONS: {"gpus": "0"}}, {OPTIONS})
    (file,) = limits_tree({}, {}, options={}).files
    assert (file.values, file.only) == ({}, {OPTIONS})
    block = compose_file(spec(direct("six"), services=SERVICES[:1])).blocks[0].text
    assert limits_tree({}, {}, blocks={COMPOSE: block}).files == ()
    (file,) = limits_tree({}, {}, blocks={COMPOSE: block}, limits={"pids": "99"}).files
    assert '    pids_limit: "99"\n' in file.blocks[0].text
