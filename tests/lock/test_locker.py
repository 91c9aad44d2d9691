"""The closure, resolved by the real uv against an index of our own."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace

import pytest
from makers import base, direct, lock, spec

from jupyter_devbox.errors import IndexUnreachableError, LockError, ResolutionError
from jupyter_devbox.lock import lock_environment
from jupyter_devbox.spec.project import ExistingEnvironment
from jupyter_devbox.spec.snapshot import InstalledDistribution, LocalModule

NEW = ExistingEnvironment()


def having(*texts):
    """The kernel's environment."""
    pairs = (text.split("==") for text in texts)
    return tuple(InstalledDistribution(name=name, version=version) for name, version in pairs)


def versions(found):
    return {p.name: p.version for p in found.packages if p.name != "jupyter-devbox"}


@pytest.fixture
def pair(index):
    """`a` needs any `b`; there are two versions of each."""
    for version in ("1.0", "2.0"):
        index.add("a", version, "b")
        index.add("b", version)
    return index


# --- versions --------------------------------------------------------------------------


def test_the_kernel_s_versions_are_kept_throughout(pair):
    environment = spec(direct("a==1.0"), preferences=having("a==1.0", "b==1.0"))
    found = lock_environment(environment, NEW, pair.env)
    assert versions(found) == {"a": "1.0", "b": "1.0"}
    assert found.decisions == ()
    assert (found.python, found.platform) == ("3.11.2", "linux/amd64")


def test_without_a_kernel_the_newest_is_taken(pair):
    assert versions(lock_environment(spec(direct("a")), NEW, pair.env)) == {"a": "2.0", "b": "2.0"}


def test_every_package_has_the_hashes_of_its_files(pair):
    found = lock_environment(spec(direct("a==1.0")), NEW, pair.env)
    (a,) = [p for p in found.packages if p.name == "a"]
    content = pair.files["a-1.0-py3-none-any.whl"]
    assert a.hashes == ("sha256:" + hashlib.sha256(content).hexdigest(),)
    assert not a.compiled


def test_a_direct_pin_that_the_image_s_python_cannot_have_moves_with_a_decision(index):
    index.add("a", "1.0")
    index.add("a", "2.0", python=">=3.11.5")
    environment = spec(direct("a==2.0"), preferences=having("a==2.0"))
    found = lock_environment(environment, NEW, index.env)
    assert versions(found) == {"a": "1.0"}
    (decision,) = found.decisions
    assert (decision.what, decision.choice) == ("a", "a==1.0")
    assert "kernel has 2.0" in decision.reason
    assert "3.11" in decision.reason
    later = replace(environment, base_image=base(python="3.11.9"))
    assert versions(lock_environment(later, NEW, index.env)) == {"a": "2.0"}


def test_a_preference_that_the_image_s_python_cannot_have_moves_with_a_decision(index):
    index.add("a", "1.0", "b")
    index.add("b", "1.0")
    index.add("b", "2.0", python=">=3.12")
    environment = spec(direct("a==1.0"), preferences=having("a==1.0", "b==2.0"))
    found = lock_environment(environment, NEW, index.env)
    assert versions(found) == {"a": "1.0", "b": "1.0"}
    (decision,) = found.decisions
    assert decision.choice == "b==1.0"
    assert "2.0 cannot be had for Python 3.11.2" in decision.reason


def test_a_pin_that_moves_stays_within_the_user_s_words(index):
    for version in ("1.0", "2.0", "3.0"):
        index.add("a", version, python=">=3.11.5" if version == "2.0" else "")
    environment = spec(direct("a==2.0", allowed="<3"), preferences=having("a==2.0"))
    assert versions(lock_environment(environment, NEW, index.env)) == {"a": "1.0"}


def test_kernel_versions_of_no_index_give_way(pair):
    """Preferences may be anything that is installed: local versions, old forms of versions."""
    environment = spec(direct("a"), preferences=having("a==1.0+local", "b==2004d"))
    assert versions(lock_environment(environment, NEW, pair.env)) == {"a": "2.0", "b": "2.0"}


def test_what_was_locked_stays_when_new_versions_come_out(pair):
    environment = spec(direct("a"))
    first = lock_environment(environment, NEW, pair.env)
    existing = ExistingEnvironment(locked=versions(first), inputs=first.inputs)
    pair.add("b", "3.0")
    time.sleep(0.01)
    again = lock_environment(
        environment, existing, {**pair.env, "UV_CACHE_DIR": str(pair.cache) + "2"}
    )
    assert versions(again) == versions(first)
    assert again.inputs == first.inputs


def test_markers_of_the_user_hold_for_the_image_not_for_this_machine(index):
    index.add("a", "1.0")
    index.add("b", "1.0")
    environment = spec(
        direct("a", marker='sys_platform == "linux"', firm=True, reason="hand"),
        direct("b", marker='sys_platform == "win32"', firm=True, reason="hand"),
    )
    assert versions(lock_environment(environment, NEW, index.env)) == {"a": "1.0"}


# --- what lies beside --------------------------------------------------------------------


def test_our_own_wheel_is_there_with_its_hash(pair):
    found = lock_environment(spec(direct("a")), NEW, pair.env)
    (wheel,) = found.wheels
    (ours,) = [p for p in found.packages if p.name == "jupyter-devbox"]
    assert wheel.filename.startswith("jupyter_devbox-")
    assert ours.hashes == ("sha256:" + hashlib.sha256(wheel.content).hexdigest(),)
    assert ours.group == "rest"
    assert not [path for path in pair.asked if "devbox" in path]


def test_a_wheel_file_is_locked_with_what_it_needs(pair, tmp_path):
    from jupyter_devbox.lock.wheel_archive import pure_wheel

    mine = pure_wheel("mine", "0.3", {"mine.py": b""}, ("b<2",))
    (tmp_path / mine.filename).write_bytes(mine.content)
    url = (tmp_path / mine.filename).as_uri()
    environment = spec(direct("mine==0.3", source="file", url=url))
    found = lock_environment(environment, NEW, pair.env)
    assert versions(found) == {"mine": "0.3", "b": "1.0"}
    (locked,) = [p for p in found.packages if p.name == "mine"]
    assert locked.hashes == ("sha256:" + hashlib.sha256(mine.content).hexdigest(),)
    assert locked.group == "rest"
    assert mine in found.wheels
    assert "/simple/mine/" not in pair.asked


def test_a_wheel_that_goes_by_another_name_is_not_looked_for_in_the_index(pair, tmp_path):
    """A repository's name is only a guess at its package's; a stranger may own it in the index."""
    from jupyter_devbox.lock.wheel_archive import pure_wheel

    pair.add("their-repo", "9.9")
    mine = pure_wheel("mine", "0.3", {"mine.py": b""})
    (tmp_path / mine.filename).write_bytes(mine.content)
    url = (tmp_path / mine.filename).as_uri()
    environment = spec(direct("their-repo", source="file", url=url))
    found = lock_environment(environment, NEW, pair.env)
    assert versions(found) == {"mine": "0.3"}
    assert [(d.what, d.choice) for d in found.decisions] == [("their-repo", "mine")]


def test_a_module_from_outside_the_project_becomes_a_wheel(pair, tmp_path):
    (tmp_path / "tools.py").write_text("x = 1\n")
    module = LocalModule(name="tools", path=str(tmp_path / "tools.py"), inside=False)
    found = lock_environment(spec(local_modules=(module,)), NEW, pair.env)
    assert [w.filename.split("-")[0] for w in found.wheels] == [
        "devbox_local_tools",
        "jupyter_devbox",
    ]


def test_a_package_without_wheels_is_compiled(index):
    index.add("a", "1.0", source=True)
    (a, _) = lock_environment(spec(direct("a")), NEW, index.env).packages
    assert a.compiled
    assert a.hashes == ("sha256:" + hashlib.sha256(index.files["a-1.0.tar.gz"]).hexdigest(),)


def test_the_same_input_gives_the_same_lock(pair):
    environment = spec(direct("a==1.0"), preferences=having("a==1.0", "b==1.0"))
    assert lock_environment(environment, NEW, pair.env) == lock_environment(
        environment, NEW, pair.env
    )


def test_the_digest_of_the_inputs_follows_what_decides(pair):
    environment = spec(direct("a==1.0"), preferences=having("b==1.0"))
    digest = lock_environment(environment, NEW, pair.env).inputs
    unrelated = replace(environment, preferences=having("b==1.0", "zzz==1.0"))
    assert lock_environment(unrelated, NEW, pair.env).inputs == digest
    for other in (
        replace(environment, preferences=having("b==2.0")),
        replace(environment, base_image=base(python="3.11.9")),
        spec(direct("a==2.0"), preferences=having("b==1.0")),
    ):
        assert lock_environment(other, NEW, pair.env).inputs != digest


# --- what cannot be ------------------------------------------------------------------------


def test_a_version_that_the_index_lacks_and_the_user_insists_on(pair):
    environment = spec(direct("a==9.9", firm=True))
    with pytest.raises(ResolutionError) as caught:
        lock_environment(environment, NEW, pair.env)
    assert "a==9.9" in " ".join(caught.value.details)
    assert caught.value.hint


def test_pins_that_conflict_name_both(index):
    index.add("a", "1.0", "b<2")
    index.add("b", "1.0")
    index.add("b", "2.0")
    environment = spec(direct("a==1.0", firm=True), direct("b==2.0", firm=True))
    with pytest.raises(ResolutionError) as caught:
        lock_environment(environment, NEW, index.env)
    explained = " ".join(caught.value.details)
    assert "a==1.0" in explained
    assert "b" in explained


def test_what_is_explained_is_the_user_s_mistake_not_our_own_pin(index):
    """Our pins are let go before the second try; its explanation is about what is left."""
    index.add("ours", "1.0")
    index.add("ours", "2.0", python=">=3.12")
    index.add("theirs", "1.0")
    environment = spec(direct("ours==2.0"), direct("theirs==9.9", firm=True))
    with pytest.raises(ResolutionError) as caught:
        lock_environment(environment, NEW, index.env)
    explained = " ".join(caught.value.details)
    assert "theirs==9.9" in explained
    assert "ours" not in explained


def test_an_index_without_hashes_makes_uv_fetch_the_files_and_hash_them(index):
    index.add("a", "1.0", hashed=False)
    found = lock_environment(spec(direct("a")), NEW, index.env)
    content = index.files["a-1.0-py3-none-any.whl"]
    digests = [p.hashes for p in found.packages if p.name == "a"]
    assert digests == [("sha256:" + hashlib.sha256(content).hexdigest(),)]


# --- the network -----------------------------------------------------------------------------


def test_what_is_cached_is_locked_without_asking_anybody(pair):
    environment = spec(direct("a==1.0"), preferences=having("a==1.0", "b==1.0"))
    first = lock_environment(environment, NEW, pair.env)
    pair.asked.clear()
    assert lock_environment(environment, NEW, pair.env) == first
    assert pair.asked == []
    pair.server.shutdown()
    nowhere = {**pair.env, "ALL_PROXY": "http://127.0.0.1:9", "NO_PROXY": "", "no_proxy": ""}
    assert lock_environment(environment, NEW, nowhere) == first


def test_an_index_that_does_not_answer(pair):
    env = pair.env
    pair.server.shutdown()
    pair.server.server_close()
    with pytest.raises(IndexUnreachableError) as caught:
        lock_environment(spec(direct("a")), NEW, env)
    assert "network" in caught.value.hint


def test_credentials_of_a_private_index_show_up_nowhere(pair):
    pair.login = "ada:hunter2"
    found = lock_environment(spec(direct("a==1.0")), NEW, pair.env)
    assert "hunter2" not in repr(found)
    assert all(b"hunter2" not in wheel.content for wheel in found.wheels)


def test_wrong_credentials_are_not_repeated(pair):
    pair.login = "ada:hunter2"
    env = dict(pair.env)
    env["UV_DEFAULT_INDEX"] = env["UV_DEFAULT_INDEX"].replace("ada:", "eve:")
    with pytest.raises(LockError) as caught:
        lock_environment(spec(direct("a==1.0")), NEW, env)
    assert "hunter2" not in str(caught.value.to_json())


def test_settings_of_a_project_do_not_steer_the_resolution(pair, tmp_path, monkeypatch):
    """A cloned project's uv.toml could name another index."""
    (tmp_path / "uv.toml").write_text(
        '[[index]]\nurl = "http://127.0.0.1:9/simple"\ndefault = true\n'
    )
    monkeypatch.chdir(tmp_path)
    assert versions(lock_environment(spec(direct("a")), NEW, pair.env)) == {"a": "2.0", "b": "2.0"}


# --- the world's own index -------------------------------------------------------------------


@pytest.mark.network
@pytest.mark.slow
def test_a_compiled_package_for_another_python_and_platform():
    environment = spec(
        direct("numpy==2.1.0"),
        python="3.9",
        base_image=base(ref="python:3.9-slim-bookworm", python="3.9.2", platform="linux/arm64"),
        preferences=having("numpy==2.1.0"),
    )
    found = lock_environment(environment, NEW)
    (numpy,) = [p for p in found.packages if p.name == "numpy"]
    assert numpy.version == "2.0.2"  # the last one for Python 3.9
    assert not numpy.compiled
    assert len(numpy.hashes) < 10  # of the wheels that fit, not of all forty
    assert [d.what for d in found.decisions] == ["numpy"]


def test_makers_lock_is_like_a_real_one(pair):
    """The values that other tests use have the form of what the locker gives."""
    real, made = lock_environment(spec(direct("a")), NEW, pair.env), lock()
    assert {p.name for p in made.packages} <= {p.name for p in real.packages}
    assert len(made.inputs) == len(real.inputs)
