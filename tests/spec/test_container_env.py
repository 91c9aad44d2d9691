"""Variables that the user lists for the box."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.spec.container_env import listed_environment
from jupyter_devbox.spec.host_variables import fill_text


def test_only_the_users_own_well_formed_entries_are_listed():
    listed = {
        "WANDB_MODE": "offline",
        "N": 1,
        "SSL_CERT_FILE": "x",
        "A B": "x",
        "X=Y": "z",
        "TOKEN": "${localEnv:TOKEN}",
        "OLD": "${env:TOKEN}",
        "NEW": "${later:TOKEN}",
    }
    assert listed_environment({"containerEnv": listed}) == {"WANDB_MODE": "offline"}
    assert listed_environment({"containerEnv": ["no"]}) == {}


def test_local_variables_are_filled_in():
    host = {"TOKEN": "s3cret", "EMPTY": ""}
    values = {"A": "${localEnv:TOKEN}", "B": "${localEnv:GONE:none}/x", "C": "${localEnv:GONE}"}
    assert {name: fill_text(value, host) for name, value in values.items()} == {
        "A": "s3cret",
        "B": "none/x",
        "C": "",
    }
    assert fill_text("${containerEnv:PATH}", host) == "${containerEnv:PATH}"


@given(st.text(), st.dictionaries(st.text(), st.text()))
def test_other_text_stays_as_it_is(text, host):
    if "${localEnv:" not in text and "${env:" not in text:
        assert fill_text(text, host) == text
