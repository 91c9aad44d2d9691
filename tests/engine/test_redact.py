"""No credential survives."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.engine.redact import Redactor, netrc_passwords, secrets_in

pytestmark = pytest.mark.usefixtures("pure")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://user:pw@host/x", "https://***@host/x"),
        ("git+https://token@host/x.git", "git+https://***@host/x.git"),
        ("http://a:b@c:8080 and http://d:e@f", "http://***@c:8080 and http://***@f"),
        ("https://u:p@ss@host/", "https://***@host/"),
        ("'https://u:p@host'", "'https://***@host'"),
        ("https://host/a@b", "https://host/a@b"),
        ("mail me@host", "mail me@host"),
        ("https://host/ user@host", "https://host/ user@host"),
    ],
)
def test_userinfo_in_urls(text, clean):
    assert Redactor()(text) == clean


def test_known_secrets_wherever_they_stand():
    redact = Redactor(["hunter22", "first line\nsecond line", "abc", ""])
    assert redact("xhunter22x first line, second line abc") == "x***x ***, *** abc"


def test_passwords_of_a_netrc_file():
    text = "machine a login me password one\nmachine b\n  login me\n  password two\n# no"
    assert netrc_passwords(text) == ("one", "me:one", "two", "me:two")


def test_a_longer_secret_goes_first():
    assert Redactor(["pass", "password1"])("password1 pass") == "*** ***"


def test_passwords_of_proxies():
    env = {
        "HTTPS_PROXY": "http://me:p%40ss@proxy:1",
        "no_proxy": "localhost",
        "http_proxy": "http://[",
        "OTHER": "no secret",
        "HF_TOKEN": "hf_0123456789",
        "MY_API_KEY": "short",
        "FTP_PROXY": "token@proxy:1",
    }
    assert secrets_in(env) == (
        "hf_0123456789", "p%40ss", "p@ss", "me:p@ss", "token", "token:",
    )  # fmt: skip


@pytest.mark.parametrize(
    "spelt",
    [
        "a/b+c d:é",
        "a%2Fb%2Bc%20d%3A%C3%A9",
        "a%2fb%2bc%20d%3a%c3%a9",
        "a/b%2Bc%20d%3A%C3%A9",
        "a%2Fb%2Bc+d%3A%C3%A9",
        base64.b64encode("a/b+c d:é".encode()).decode().rstrip("="),
    ],
)
def test_a_secret_in_every_spelling(spelt):
    assert Redactor(["a/b+c d:é"])(f"<{spelt}>") == "<***>"


@given(
    st.text(
        st.characters(exclude_characters="/\"'<>`\\", exclude_categories=["Z", "C"]), min_size=1
    )
)
def test_no_userinfo_survives(userinfo):
    secret = f"{userinfo}SECRET"
    assert "SECRET" not in Redactor()(f"see https://{secret}@host/path")
