"""The indexes that this machine is set to use, and where their logins go."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_devbox.engine.uv import index_login
from jupyter_devbox.errors import PlanError
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.index import (
    build_secrets,
    index_environment,
    machine_index,
    more_indexes,
)

MAIN = "https://main.example/simple"
CU124 = "https://more.example/whl/cu124"


@pytest.fixture
def machine(tmp_path):
    def make(**env):
        return Context(home=tmp_path, env=env, data=tmp_path / "data", kernels=tmp_path / "kernels")

    return make


def test_further_indexes_are_not_this_machine_s_own(machine):
    context = machine(
        PIP_EXTRA_INDEX_URL=f"{CU124} {MAIN}", UV_INDEX=f"torch=https://ada:pw@{CU124[8:]} {MAIN}"
    )
    assert machine_index(context) is None
    assert [index.url for index in more_indexes(context)] == [CU124, MAIN, CU124]


def test_an_extra_index_that_is_no_address(machine):
    with pytest.raises(PlanError) as caught:
        more_indexes(machine(PIP_EXTRA_INDEX_URL="ada:hunter2@host"))
    assert "hunter2" not in caught.value.message
    assert "unset PIP_EXTRA_INDEX_URL" in caught.value.hint


def test_logins_go_to_uv_by_variables_and_to_a_build_by_a_secret(machine):
    context = machine(UV_DEFAULT_INDEX=MAIN, PIP_EXTRA_INDEX_URL=f"https://eve:p%40ss@{CU124[8:]}")
    (context.home / ".netrc").write_text("machine main.example login ada password hunter2\n")
    variables = index_environment(context)
    assert variables["UV_DEFAULT_INDEX"] == "https://ada:hunter2@main.example/simple"
    assert index_login(CU124, "eve", "p@ss").items() <= variables.items()
    with build_secrets(context) as secrets:
        file = Path(secrets["netrc"])
        assert file.stat().st_mode & 0o077 == 0
        assert file.read_text().split("machine ")[1:] == [
            "main.example\nlogin ada\npassword hunter2\n",
            "more.example\nlogin eve\npassword p@ss\n",
        ]
    assert not file.exists()


def test_without_a_login_there_is_no_secret(machine):
    context = machine(PIP_EXTRA_INDEX_URL=CU124)
    assert index_environment(context) == {}
    with build_secrets(context) as secrets:
        assert secrets == {}
