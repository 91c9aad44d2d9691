"""Links that open a project elsewhere, each only where it can work."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.spec.remotes import Remote, parse_remote
from jupyter_devbox.spec.sharing import SharingFacts, offers

pytestmark = pytest.mark.usefixtures("pure")

GITHUB = Remote(host="github.com", path="ada/digits")
READY = SharingFacts(
    folder="/home/ada/digits",
    remote=GITHUB,
    branch="main",
    container="pushed",
    binder="pushed",
    notebooks=("my work.ipynb",),
)


def links(facts):
    return {offer.id: offer.url for offer in offers(facts)}


# --- addresses ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "host", "path"),
    [
        ("https://github.com/ada/digits.git", "github.com", "ada/digits"),
        ("https://ada:ghp_secret@github.com/ada/digits", "github.com", "ada/digits"),
        ("https://oauth2:glpat-secret@gitlab.com:443/g/s/p.git/", "gitlab.com", "g/s/p"),
        ("https://github.com/ada/digits.git?access_token=secret#x", "github.com", "ada/digits"),
        ("git@github.com:ada/digits.git", "github.com", "ada/digits"),
        ("github.com:ada/digits", "github.com", "ada/digits"),
        ("ssh://git@GitHub.com:22/ada/digits.git", "github.com", "ada/digits"),
        ("ssh://git@ssh.github.com:443/ada/digits.git", "github.com", "ada/digits"),
        ("git://codeberg.org/ada/digits", "codeberg.org", "ada/digits"),
    ],
)
def test_a_remote_is_host_and_path_and_nothing_secret(address, host, path):
    found = parse_remote(address)
    assert found == Remote(host=host, path=path)
    assert "secret" not in repr(found) + found.address


@pytest.mark.parametrize(
    "address",
    [
        "", "/srv/git/digits.git", "../digits", "C:\\git\\digits", "file:///srv/git/digits",
        "ext::sh -c touch% pwned", "https://github.com/ada", "https://github.com/", "https://",
        "https://localhost/ada/digits", "https://[::1/ada/digits", "https://a_b.com/x/y",
        "https://github.com/ada/../digits", "https://github.com/ada/d g", "git@github.com:",
        "https://github.com/ada/digits)](https:%2f%2fevil", "https://github.com/ada/-x/.y",
        "javascript://github.com/%0aalert(1)/x", "host:path:more/x",
    ],
)  # fmt: skip
def test_what_others_could_not_open_is_no_remote(address):
    assert parse_remote(address) is None


@given(st.text(max_size=60) | st.from_regex(r"(https?|ssh)://[^ ]{0,20}@?[a-z.]{0,12}/.{0,20}"))
def test_any_address_is_read_and_never_breaks_a_link(address):
    remote = parse_remote(address)
    if remote is not None:
        assert re.fullmatch(r"https://[a-z0-9.-]+(/[A-Za-z0-9._~-]+)+", remote.address)
        assert ".." not in remote.path.split("/")


# --- links -------------------------------------------------------------------------


def test_all_work_from_a_pushed_default_branch():
    assert links(READY) == {
        "vscode": "https://vscode.dev/redirect?url=vscode://ms-vscode-remote.remote-containers/"
        "cloneInVolume?url=https://github.com/ada/digits",
        "codespaces": "https://codespaces.new/ada/digits",
        "devpod": "https://devpod.sh/open#https://github.com/ada/digits",
        "binder": "https://mybinder.org/v2/gh/ada/digits/main?labpath=my%20work.ipynb",
    }
    for offer in offers(READY):
        assert offer.badge.startswith("[![")
        assert offer.badge.endswith(f"]({offer.url})")
        assert (offer.reason, offer.hint) == ("", "")


def test_another_branch_and_another_host():
    branch = links(replace(READY, branch="fix/ü 1", is_default=False))
    assert branch["vscode"] == ""
    assert branch["codespaces"] == "https://codespaces.new/ada/digits/tree/fix/%C3%BC%201"
    assert branch["devpod"].endswith("ada/digits@fix/%C3%BC%201")
    assert "/gh/ada/digits/fix%2F%C3%BC%201?" in branch["binder"]
    lab = links(replace(READY, remote=Remote(host="gitlab.com", path="g/s/p"), notebooks=()))
    assert lab["codespaces"] == ""
    assert lab["binder"] == "https://mybinder.org/v2/gl/g%2Fs%2Fp/main?urlpath=lab"
    berg = links(replace(READY, remote=Remote(host="codeberg.org", path="a/b"), notebooks=()))
    assert berg["binder"].startswith(
        "https://mybinder.org/v2/git/https%3A%2F%2Fcodeberg.org%2Fa%2Fb/"
    )
    assert not any(
        links(replace(READY, remote=Remote(host="git.example.org", path="a/b"))).values()
    )


def test_a_project_inside_a_repository():
    inner = links(replace(READY, inner="studies/digits"))
    assert [name for name, url in inner.items() if url] == ["devpod"]
    assert inner["devpod"].endswith("ada/digits@subpath:studies/digits")
    assert not any(links(replace(READY, inner="a", is_default=False, branch="x")).values())


@pytest.mark.parametrize(
    ("changes", "said", "next_step"),
    [
        ({"container": "absent"}, "No container files", "containerize 'my work.ipynb'"),
        ({"container": "absent", "notebooks": ("a\nrm -rf x.ipynb",)}, "", "NOTEBOOK.ipynb"),
        ({"container": "absent", "notebooks": ()}, "No container files", "NOTEBOOK.ipynb"),
        ({"remote": None, "problem": "Git isn't installed", "remedy": "install git"},
         "Git isn't installed", "install git"),
        ({"remote": None}, "no remote", ""),
        ({"branch": ""}, "No branch", "git switch"),
        ({"container": "changed", "changed": ".devcontainer/wheels/a.whl"},
         "not in a commit as they are: `.devcontainer/wheels/a.whl`", "git add .devcontainer"),
        ({"container": "committed"}, "not pushed", "git push"),
    ],
)  # fmt: skip
def test_without_a_link_there_are_a_reason_and_a_command(changes, said, next_step):
    facts = replace(READY, **changes)
    codespaces = next(offer for offer in offers(facts) if offer.id == "codespaces")
    assert (codespaces.url, codespaces.badge) == ("", "")
    assert said in codespaces.reason
    assert next_step in codespaces.hint
    assert codespaces.command


def test_binder_needs_files_of_its_own():
    (binder,) = (o for o in offers(replace(READY, binder="absent")) if o.id == "binder")
    assert (binder.url, binder.hint) == ("", "jupyter devbox containerize 'my work.ipynb' --binder")
    assert links(replace(READY, container="absent"))["binder"]


def test_commands_can_be_pasted_whatever_the_folder_is_called():
    folder = '/home/ada/it\'s $(touch pwned); "x"'
    for offer in offers(SharingFacts(folder=folder)):
        assert shlex.split(offer.command)[-1] == folder
    (codespaces,) = (o for o in offers(READY) if o.id == "codespaces")
    assert codespaces.command == "gh codespace create --repo ada/digits --branch main"


texts = st.text(max_size=20)
stands = st.sampled_from(["absent", "changed", "committed", "pushed"])
remotes = st.none() | st.builds(
    Remote, host=st.sampled_from(["github.com", "gitlab.com", "x.example"]), path=st.just("a/b")
)


@given(st.builds(SharingFacts, folder=texts, problem=texts, remote=remotes, branch=texts,
                 is_default=st.booleans(), inner=texts, container=stands, binder=stands,
                 changed=texts, notebooks=st.lists(texts, max_size=2).map(tuple)))  # fmt: skip
def test_a_link_or_a_reason_and_nothing_leaves_the_link(facts):
    for offer in offers(facts):
        assert bool(offer.url) != bool(offer.reason)
        assert bool(offer.url) == bool(offer.badge)
        if offer.url:
            assert urlsplit(offer.url).scheme == "https"
            assert not re.search(r"[\s()<>\"'\\\[\]]", offer.url), "it would leave the Markdown"
        if offer.command:
            assert shlex.split(offer.command)
