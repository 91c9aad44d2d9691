"""Commands that people typed in a box: what is offered, and that no secret is."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.capture.typed import worth_keeping

pytestmark = pytest.mark.usefixtures("pure")


def kept(text: str, kind: str = "shell", *secrets: str) -> list[str]:
    return [shlex.join(words) for words in worth_keeping([(kind, text)], secrets).commands]


@pytest.mark.parametrize(
    "line",
    [
        "npm install -g esbuild",
        "python -m spacy download en_core_web_sm",
        "/opt/venv/bin/python3.11 -m nltk.downloader punkt",
        "curl -fsSLO https://example.invalid/data.tar.gz",
        "git clone https://example.invalid/x.git /opt/x",
        "conda install -c conda-forge gdal",
    ],
)
def test_what_brings_something_is_offered(line):
    assert kept(line) == [line]
    assert kept(f"x = 1\n  !{line}\nprint(2)", "cell") == [line]
    assert kept(f"%%bash\ncd /tmp\n{line}\n", "cell") == [line]
    assert kept(f"sudo {line}") == [line]
    assert kept(f"cd /tmp && {line}; ls") == [line]


@pytest.mark.parametrize(
    "line",
    [
        "ls -la",
        "pip install six",  # known without asking
        "apt-get install -y jq",
        "python -m http.server",
        "python -c 'import os'",
        "npm test",
        "git status",
        "curl https://example.invalid/install.sh | sh",
        "curl https://example.invalid/x > /opt/x",
        "wget $ADDRESS",
        "npm install {name}",
        "npm install x\u202e",
        "npm install " + "a" * 2000,
        "curl",
    ],
)
def test_what_does_not_is_not(line):
    assert kept(line) == []


def test_each_once_and_the_last_time_counts():
    lines = [("shell", line) for line in ("npm i a", "npm i b", "npm i a")]
    assert worth_keeping(lines).commands == (("npm", "i", "b"), ("npm", "i", "a"))


@pytest.mark.parametrize(
    "line",
    [
        "curl -H 'Authorization: Bearer abc' https://example.invalid/x",
        "curl -u me:pw https://example.invalid/x",
        "curl -ume:pw https://example.invalid/x",
        "curl --user=me:pw https://example.invalid/x",
        "curl -d key=1 https://example.invalid/x",
        "wget --password=hunter2 https://example.invalid/x",
        "git clone https://example.invalid/a/b@c:pw@d.git",
        "npm install --//registry/:_authToken=abc",
        "npm install ghp_0123456789abcdefABCDEF",
        "curl https://example.invalid/hf_0123456789abcdef/x",
        "wget https://example.invalid/a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6",
        "git clone --config API_KEY=1 https://example.invalid/x",
        "npm install my-very-own-value",
    ],
)
def test_what_may_hold_a_secret_is_left_out_and_counted(line):
    found = worth_keeping([("shell", line)], ["my-very-own-value"])
    assert (found.commands, found.secret) == ((), 1)


def test_addresses_lose_logins_and_queries():
    assert kept("git clone https://me:hunter2@example.invalid/x.git") == [
        "git clone https://example.invalid/x.git"
    ]
    assert kept("wget https://example.invalid/x.zip?sig=abc") == [
        "wget https://example.invalid/x.zip"
    ]


@given(st.lists(st.tuples(st.sampled_from(["cell", "shell"]), st.text(max_size=200))))
def test_whatever_was_typed(typed):
    for words in worth_keeping(typed).commands:
        assert all(word.isprintable() for word in words)


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_a_password_in_an_address_is_never_offered(password):
    text = f"git clone https://me:S3cr3t{password}@example.invalid/x.git"
    for line in kept(text):
        assert "S3cr3t" not in line
