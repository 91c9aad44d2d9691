"""Limits in runArgs, as `docker run` takes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.errors import ConfigurationError
from jupyter_devbox.spec.container import Limits
from jupyter_devbox.spec.run_args import parse_size, read_limits

GB = 1024**3


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0), ("1024", 1024), ("100b", 100), ("64k", 65536), ("512m", 512 * 1024**2),
        ("2g", 2 * GB), ("2G", 2 * GB), ("2gb", 2 * GB), ("2GiB", 2 * GB), ("1.5g", GB * 3 // 2),
        (" 1g ", GB), ("1 g", GB), ("1t", 1024 * GB),
    ],
)  # fmt: skip
def test_sizes_as_docker_reads_them(text, number):
    assert parse_size(text) == number


@pytest.mark.parametrize(
    "text", ["", "g", "-1", "1gg", "1 0", "one", "1e9", "0x10", "nan", "٣g", "9" * 400]
)
def test_no_sizes(text):
    with pytest.raises(ConfigurationError, match="size"):
        parse_size(text)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--memory=2g"], ["--memory", "2g"], ["-m", "2g"], ["-m=2g"], ["-m2g"],
        ["--memory=1g", "--memory=2g"], ["--init", "--memory=2g", "--label", "a=b"],
    ],
)  # fmt: skip
def test_every_way_to_write_a_limit(arguments):
    assert read_limits(arguments) == Limits(memory=2 * GB)


def test_all_limits_together():
    arguments = ["--shm-size=1g", "--cpus", "1.5", "--pids-limit=512", "-m", "4g", "--gpus=all"]
    assert read_limits(arguments) == Limits(memory=4 * GB, shm=GB, cpus=1.5, pids=512)


def test_docker_s_own_word_for_no_limit():
    assert read_limits(["--pids-limit=-1"]) == Limits()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--memory=lots"], ["--memory"], ["--cpus=two"], ["--cpus=nan"], ["--cpus=inf"],
        ["--cpus=-1"], ["--pids-limit=x"], ["--pids-limit=-2"], ["--shm-size="],
    ],
)  # fmt: skip
def test_bad_values_are_named(arguments):
    with pytest.raises(ConfigurationError) as caught:
        read_limits(arguments)
    assert caught.value.hint.startswith("write it like")


@given(st.lists(st.one_of(st.text(), st.integers(), st.none(), st.lists(st.text()))))
def test_a_file_may_hold_anything(arguments):
    try:
        limits = read_limits(arguments)
    except ConfigurationError:
        return
    assert limits.memory >= 0
    assert limits.cpus >= 0


def test_limits_of_a_process():
    arguments = ["--ulimit", "nofile=1024:2048", "--ulimit=core=0", "--ulimit=memlock=-1:-1"]
    assert read_limits(arguments).ulimits == ("nofile=1024:2048", "core=0", "memlock=-1:-1")
    for wrong in ("nofile", "nofile=", "nofile=many", "=1", "a b=1", "nofile=1:2:3"):
        with pytest.raises(ConfigurationError):
            read_limits([f"--ulimit={wrong}"])
