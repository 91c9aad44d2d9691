"""What a Compose project is called: as the reference client calls it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.spec.compose import OwnCompose, own_compose
from jupyter_devbox.spec.compose_project import ComposeProject, project_name

pytestmark = pytest.mark.usefixtures("pure")


@pytest.mark.parametrize(
    ("root", "base", "declared", "name"),
    [
        ("/home/me/Shop 1", ".devcontainer", (), "shop1_devcontainer"),
        ("/home/me/shop", ".", (), "shop"),
        ("/home/me/shop", "deploy/Local", (), "local"),
        ("/home/me/shop", ".devcontainer", ("", "My-Lab"), "my-lab"),
        ("/home/me/shop", ".devcontainer", ("first", "second", ""), "second"),
        ("/home/me/数据", ".devcontainer", (), ""),  # "_devcontainer": Compose takes no such name
        ("/home/me/shop", ".", ("$X",), "x"),
    ],
)
def test_it_is_the_reference_clients_name(root, base, declared, name):
    assert project_name(root, base, declared) == name


@given(st.text(), st.lists(st.text(), max_size=3))
def test_it_is_a_name_that_compose_takes_or_none(folder, declared):
    found = project_name(f"/{folder}", ".devcontainer", declared)
    assert re.fullmatch(r"[a-z0-9][-_a-z0-9]*|", found)


def test_all_that_is_started_counts():
    values = {
        "name": "a", "folder": "/a", "files": (("c.yml", "x"),), "service": "box",
        "workspace": "/w", "network": "", "beside": None,
    }  # fmt: skip
    plain = ComposeProject(**values).digest()
    for key, value in {"files": (("c.yml", "y"),), "service": "b", "beside": ("db",)}.items():
        assert ComposeProject(**{**values, key: value}).digest() != plain


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ({}, None),
        ({"image": "x"}, None),
        ({"dockerComposeFile": "c.yml", "service": "app"}, ("c.yml",)),
        ({"dockerComposeFile": ["../c.yml", "compose.devbox.yaml"], "service": "app"},
         ("../c.yml",)),
        ({"dockerComposeFile": [], "service": "app"}, None),
        ({"dockerComposeFile": "c.yml", "service": 3}, None),
        ({"dockerComposeFile": {"a": 1}, "service": "a"}, None),
        ({"dockerComposeFile": "compose.yaml", "service": "box", "customizations":
          {"jupyter_devbox": {"options": {"services": ["redis"]}}}}, None),
    ],
)  # fmt: skip
def test_whose_compose_files_they_are(configuration, expected):
    found = own_compose(configuration)
    assert (found and found.files) == expected


@pytest.mark.parametrize(
    ("first", "base"), [("c.yml", ".devcontainer"), ("../c.yml", "."), ("../a/b/c.yml", "a/b")]
)
def test_where_relative_paths_start(first, base):
    assert OwnCompose(files=(first, "x.yml"), service="a").base == base
