"""Names from untrusted text: strict patterns, and nothing slips through."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jupyter_devbox.errors import RequirementError
from jupyter_devbox.spec.names import (
    check_apt_name,
    check_image,
    check_name,
    check_port,
    check_python,
    normalise,
    parse_requirement,
)

# Whatever a shell, a Dockerfile, a path, a URL or an option begins with or is made of.
DANGEROUS = re.compile(r"[\s;&|<>$`'\"\\(){}\[\]*?!#~=,@%^\x00-\x1f\x7f-\U0010ffff]")

# Debian Policy 5.6.1: lower-case letters, digits, plus, minus, full stops; at least two
# characters; the first one a letter or digit.
# Policy allows a hyphen at the end too, which apt-get takes for an order to remove.
debian_names = st.from_regex(r"\A[a-z0-9][a-z0-9+.\-]{0,59}[a-z0-9+.]\Z")
hostile = st.one_of(
    st.text(),
    st.sampled_from(
        ["-y", "../x", "a/b", "a=1.0", "a:amd64", "a_b", "https://x", "a\n", "\na", "bash-"]
    ),
    st.builds(
        lambda head, bad, tail: head + bad + tail,
        debian_names,
        st.sampled_from(list("\n\r\t ;&|$`'\"\\/:=~^%_@#A\x00\x1b…é")),
        st.text(max_size=5),
    ),
)


@pytest.mark.usefixtures("pure")
@given(debian_names)
@example("libstdc++6")
@example("g++")
@example("0ad")
@example("libc6.1-dev")
def test_every_name_of_debian_policy_passes(name):
    assert check_apt_name(name) == name


@given(hostile)
def test_no_other_text_passes_for_a_debian_package(text):
    try:
        check_apt_name(text)
    except RequirementError:
        return
    assert not DANGEROUS.search(text)
    assert "/" not in text
    assert ":" not in text
    assert text[0].isalnum()


@given(st.one_of(hostile, st.from_regex(r"\A[a-z][a-z0-9._\-]{0,10}\[?[a-z,]*\]?(==1)?\Z")))
def test_a_requirement_is_one_line_without_an_address(text):
    try:
        parsed = parse_requirement(text)
    except RequirementError:
        return
    assert not re.search(r"[\n\r]", str(parsed))
    assert parsed.url is None
    assert check_name(parsed.name)
    assert not DANGEROUS.search(normalise(parsed.name))


@pytest.mark.parametrize(
    "text",
    [
        "-r other.txt",
        "--index-url=https://x",
        "x @ file:///etc",
        "git+https://x/y",
        "",
        "x y",
        "numpy_",
    ],
)
def test_options_and_addresses_are_no_requirements(text):
    with pytest.raises(RequirementError):
        parse_requirement(text)


def test_an_address_is_refused_without_repeating_it():
    with pytest.raises(RequirementError) as caught:
        parse_requirement("private @ https://user:hunter2@internal/private.whl")
    assert "hunter2" not in str(caught.value)
    assert "%pip" in caught.value.hint


@pytest.mark.parametrize("name", ["numpy", "Flask", "zope.interface", "a", "ruamel_yaml", "7z-x"])
def test_distribution_names(name):
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "-numpy", "num py", "numpy\n", "a/b", "numpy-", "ñ", "٣", "\u212a"]
)
def test_no_distribution_names(name):
    with pytest.raises(RequirementError):
        check_name(name)


@pytest.mark.parametrize(
    "reference",
    [
        "python:3.12-slim-bookworm",
        "localhost:5000/team/py-base:1.0",
        "quay.example/jupyter/minimal__x:2024-01-01",
        "a--b/c:v_1.2",
    ],
)
def test_images_with_a_fixed_tag(reference):
    assert check_image(reference) == reference


@pytest.mark.parametrize(
    "reference",
    [
        "python", "python:latest", "Python:3", "python:3 AS x", "python:3\nRUN x", "python:3:4",
        "python:5000:3.12", "../x:1", "a..b:1", "a___b:1", "-x:1", "$(id):1", "python:3@sha256:0",
        "python:-3", "", ":1", "/x:1", "x/:1",
    ],
)  # fmt: skip
def test_no_image_names(reference):
    with pytest.raises(RequirementError):
        check_image(reference)


@pytest.mark.parametrize("minor", ["3.9", "3.10", "3.14"])
def test_python_minors(minor):
    assert check_python(minor) == minor


@pytest.mark.parametrize("minor", ["3", "3.8", "2.7", "3.11.2", "3.1", "3.100", "3.11\n", " 3.11"])
def test_no_python_minors(minor):
    with pytest.raises(RequirementError, match=r"Python"):
        check_python(minor)


@pytest.mark.parametrize("port", [1, 8888, 65535])
def test_ports(port):
    assert check_port(port) == port


@pytest.mark.parametrize("port", [0, -1, 65536, 10**30])
def test_no_ports(port):
    with pytest.raises(RequirementError, match="port"):
        check_port(port)
