"""Variables that the user lists for the box."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.spec.container_env import fill_in, listed_environment


def test_only_the_users_own_well_formed_entries_are_listed():
    listed = {"WANDB_MODE": "offline", "N": 1, "SSL_CERT_FILE": "x", "A B": "x", "X=Y": "z"}
    assert listed_environment({"containerEnv": listed}) == {"WANDB_MODE": "offline"}
    assert listed_environment({"containerEnv": ["no"]}) == {}


def test_local_variables_are_filled_in():
    host = {"TOKEN": "s3cret", "EMPTY": ""}
    values = {"A": "${localEnv:TOKEN}", "B": "${localEnv:GONE:none}/x", "C": "${localEnv:GONE}"}
    assert fill_in(values, host) == {"A": "s3cret", "B": "none/x", "C": ""}
    assert fill_in({"D": "${containerEnv:PATH}"}, host) == {"D": "${containerEnv:PATH}"}


@given(st.text(), st.dictionaries(st.text(), st.text()))
def test_other_text_stays_as_it_is(text, host):
    if "${localEnv:" not in text:
        assert fill_in({"A": text}, host) == {"A": text}
