"""Builds as jobs, on the real engine."""

from __future__ import annotations

import pytest

PATH = "digits/n.ipynb"


@pytest.mark.docker
@pytest.mark.network
@pytest.mark.slow
async def test_a_build_from_plan_to_kernel(call, project, own_engine, events, ended):
    _, plan = await call("GET", "plan", path=PATH)
    status, build = await call("POST", "builds", body={"path": PATH, "digest": plan["digest"]})
    assert status == 201, build
    assert (build["state"], build["joined"]) == ("running", False)
    again, same = await call("POST", "builds", body={"path": PATH})
    assert (again, same["id"], same["joined"]) == (200, build["id"], True)
    done = await ended(build["id"])
    assert done["state"] == "done", done
    print(done)
    print(events)
    _, told = await call("GET", "notebook", path=PATH)
    print(told)
    assert told["build"] == build["id"]
