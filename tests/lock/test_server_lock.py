"""A server beside a project's packages, by the real uv against an index of our own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from makers import direct, spec

from jupyter_devbox.errors import IndexUnreachableError, ResolutionError
from jupyter_devbox.lock import lock_environment, lock_with_server
from jupyter_devbox.lock.wheel_archive import pure_wheel
from jupyter_devbox.spec.project import ExistingEnvironment
from jupyter_devbox.spec.snapshot import InstalledDistribution

SERVER = ("lab",)


@pytest.fixture
def served(index):
    """A server of two versions that needs what the project has too."""
    index.add("a", "1.0", "shared")
    for version in ("1.0", "2.0"):
        index.add("shared", version)
        index.add("lab", version, "shared", "tornado")
        index.add("tornado", version)
    return index


def project(index, *requirements, **more):
    """An environment and its lock."""
    environment = spec(*requirements, **more)
    return environment, lock_environment(environment, ExistingEnvironment(), index.env)


def versions(found):
    return {p.name: p.version for p in found.packages if p.name != "jupyter-devbox"}


def kernel(**versions_of):
    return tuple(InstalledDistribution(name=n, version=v) for n, v in versions_of.items())


def test_the_project_s_versions_and_hashes_hold_and_the_server_is_locked_too(served):
    environment, lock = project(served, direct("a==1.0"), preferences=kernel(shared="1.0"))
    found = lock_with_server(environment, lock, SERVER, index=served.env)
    assert versions(found) == {"a": "1.0", "shared": "1.0", "lab": "2.0", "tornado": "2.0"}
    assert found.decisions == ()
    assert set(lock.wheels) == set(found.wheels)
    before = {p.name: p.hashes for p in lock.packages}
    after = {p.name: p.hashes for p in found.packages}
    assert before.items() <= after.items()
    assert all(hashes for hashes in after.values())


def test_what_was_added_last_time_stays_and_a_new_release_moves_nothing(served):
    environment, lock = project(served, direct("a==1.0"))
    before = {"lab": "1.0", "tornado": "1.0"}
    found = lock_with_server(environment, lock, SERVER, before=before, index=served.env)
    assert before.items() <= versions(found).items()
    served.add("lab", "3.0")
    again = lock_with_server(environment, lock, SERVER, before=versions(found), index=served.env)
    assert again == found


def test_the_kernel_s_own_server_is_taken_the_first_time(served):
    environment, lock = project(served, direct("a==1.0"), preferences=kernel(lab="1.0"))
    found = lock_with_server(environment, lock, SERVER, index=served.env)
    assert versions(found)["lab"] == "1.0"


def test_what_the_server_cannot_do_with_moves_and_is_said(served):
    served.add("lab", "4.0", "shared>=2", "tornado")
    served.pages["lab"] = served.pages["lab"][-1:]
    environment, lock = project(served, direct("a==1.0"), preferences=kernel(shared="1.0"))
    found = lock_with_server(environment, lock, SERVER, index=served.env)
    assert versions(found)["shared"] == "2.0"
    (moved,) = found.decisions
    assert (moved.what, moved.choice) == ("shared", "shared==2.0")
    assert "the server does not go with 1.0" in moved.reason


def test_a_direct_requirement_does_not_move_for_the_server(served):
    served.add("lab", "4.0", "shared>=2", "tornado")
    served.pages["lab"] = served.pages["lab"][-1:]
    environment, lock = project(served, direct("shared==1.0", firm=True))
    with pytest.raises(ResolutionError):
        lock_with_server(environment, lock, SERVER, index=served.env)


def test_a_wheel_beside_the_lock_is_taken_as_it_is(served, tmp_path):
    """A package from Git may be just what the server needs: no other copy of it may come."""
    wheel = pure_wheel("tornado", "9.0", {"tornado.py": b""})
    (tmp_path / wheel.filename).write_bytes(wheel.content)
    line = direct("tornado==9.0", source="file", url=(tmp_path / wheel.filename).as_uri())
    environment, lock = project(served, line)
    found = lock_with_server(environment, lock, SERVER, index=served.env)
    assert [p.version for p in found.packages if p.name == "tornado"] == ["9.0"]
    assert versions(found)["lab"] == "2.0"


def test_an_index_of_its_own_is_asked_for_its_package_alone(served):
    served.add("t", "1.0+cpu")
    line = direct("t==1.0+cpu", firm=True, indexes=(served.url,), catalogued=True)
    environment, lock = project(served, line)
    (bound,) = [p for p in lock.packages if p.name == "t"]
    found = lock_with_server(environment, lock, SERVER, index=served.env)
    assert bound in [replace(p, group=bound.group) for p in found.packages]


def test_an_index_that_is_away_is_said(served):
    environment, lock = project(served, direct("a==1.0"))
    served.close()
    try:
        with pytest.raises(IndexUnreachableError):
            lock_with_server(environment, lock, SERVER, index=served.env)
    finally:
        served.server.server_close()
