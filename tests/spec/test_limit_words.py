"""Limits as the user says them, and as two kinds of files spell them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.errors import ConfigurationError
from jupyter_devbox.plan.options import merge_options
from jupyter_devbox.spec.container import Limits
from jupyter_devbox.spec.limit_words import (
    LIMIT_NAMES,
    check_limits,
    compose_limits,
    read_words,
    with_limits,
    written,
)
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.run_args import read_limits

GB = 1024**3
ALL = {"memory": "4g", "cpus": "1.5", "shm_size": "1g", "pids": "512"}
NUMBERS = Limits(memory=4 * GB, cpus=1.5, shm=GB, pids=512)
OWN = ["--init", "--cpuset-cpus=0", "--memory-swap=8g", "--pids-limits"]
"""The user's own words, which no limit of ours spells."""


@pytest.mark.parametrize(
    ("before", "words", "after"),
    [
        ([], {"memory": "4g"}, ["--memory=4g"]),
        (["--shm-size=1g"], {"memory": "4g"}, ["--shm-size=1g", "--memory=4g"]),
        (
            ["--memory=1g", "--init", "-m", "2g", "-m3g", "--memory", "5g"],
            {"memory": "4g"},
            ["--init", "--memory=4g"],
        ),
        (["--cpus", "2", "--memory"], {"memory": "4g"}, ["--cpus", "2", "--memory=4g"]),
        (["--memory=1g", "--cpus", "2"], {"cpus": "3"}, ["--memory=1g", "--cpus=3"]),
        (["-m=1g", "--pids-limit=9"], {"pids": "off", "memory": "off"}, []),
        (OWN, ALL, [*OWN, "--memory=4g", "--cpus=1.5", "--shm-size=1g", "--pids-limit=512"]),
        (OWN, {"memory": ""}, OWN),
    ],
)
def test_a_new_limit_replaces_those_of_its_kind_alone(before, words, after):
    assert with_limits(before, words) == after
    assert with_limits(after, words) == after


def test_each_file_has_its_own_spelling():
    assert read_limits(with_limits([], ALL)) == NUMBERS
    assert read_words(ALL) == NUMBERS
    assert compose_limits({**ALL, "cpus": "off"}) == {
        "mem_limit": "4g", "shm_size": "1g", "pids_limit": "512",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("memory", text) for text in ("lots", "0", "5m", "-1", "4 gb x", "9000000p", "٤g")),
        *(("shm_size", text) for text in ("lots", "0", "-1g", "64k", "nan")),
        *(("cpus", text) for text in ("0", "0.001", "-1", "nan", "inf", "1e3", "two", "1,5")),
        *(("pids", text) for text in ("0", "-1", "63", "1.5", "5000000", "many", "1" * 10)),
    ],
)
def test_bad_limits_are_named_with_an_example(name, text):
    with pytest.raises(ConfigurationError) as caught:
        check_limits({name: text})
    assert f"`{text}`" in caught.value.message
    option = {"shm_size": "--shm-size"}.get(name, f"--{name}")
    assert option in caught.value.hint


@given(st.dictionaries(st.sampled_from(LIMIT_NAMES), st.text(max_size=12)))
def test_any_words_are_limits_or_a_mistake_of_the_user_s(words):
    try:
        said = check_limits(words)
    except ConfigurationError:
        return
    limits = read_limits(with_limits([], said))
    assert limits == read_words(said)
    assert min(limits.memory, limits.shm, limits.cpus, limits.pids) >= 0


@given(
    st.builds(
        Limits,
        memory=st.integers(6 * 2**20, 2**50),
        shm=st.integers(2**20, 2**50),
        cpus=st.integers(1, 10**5).map(lambda n: n / 100),
        pids=st.integers(64, 2**22),
    )
)
def test_what_is_written_is_read_as_the_same(limits):
    assert read_words(written(limits)) == limits


def test_nothing_is_written_of_none():
    assert written(Limits()) == {}


def test_asked_wins_over_remembered_and_the_rest_stays():
    remembered = ProjectOptions(memory="2g", pids="512")
    merged = merge_options(remembered, ProjectOptions(memory=" 4g ", cpus="2"))
    assert merged.limits == {"memory": "4g", "cpus": "2", "pids": "512"}
    assert merge_options(remembered, ProjectOptions(pids="off")).limits == {
        "memory": "2g", "pids": "off",
    }  # fmt: skip
    with pytest.raises(ConfigurationError, match="CPUs"):
        merge_options(remembered, ProjectOptions(cpus="none"))


def test_a_box_of_compose_has_its_limits_in_the_options():
    arguments = ["--memory=1g"]
    alone = ExistingEnvironment(configuration={"runArgs": arguments})
    assert alone.limits == Limits(memory=GB)
    options = ProjectOptions(memory="4g", cpus="1.5", shm_size="1g", pids="512")
    composed = {"runArgs": arguments, "dockerComposeFile": "compose.yml"}
    assert ExistingEnvironment(configuration=composed, options=options).limits == NUMBERS
