"""Local versions come from the index they were recorded with, and nothing else does."""

from __future__ import annotations

import base64
import subprocess
import sys
import time

import pytest
from makers import direct, spec

from jupyter_devbox.engine.uv import ResolveRequest, index_login, install_lock, make_venv
from jupyter_devbox.errors import IndexUnreachableError, ResolutionError, UntrustedProjectError
from jupyter_devbox.lock import lock_environment
from jupyter_devbox.lock.recorded import ask_recorded
from jupyter_devbox.spec.project import ExistingEnvironment
from jupyter_devbox.spec.requirements_txt import format_lock, read_pins
from jupyter_devbox.spec.target_files import CPU

NEW = ExistingEnvironment()
TEMPLATE = ResolveRequest(
    requirements=(), preferences=(), executable=sys.executable, python=None, platform=None, index={}
)


@pytest.fixture
def own(index):
    """Another index: it has `torch` for CUDA, and a newer `lib` than anybody else."""
    made = type(index)(index.cache)
    made.add("torch", "2.5.1+cu124", "lib")
    made.add("lib", "9.0")
    yield made
    made.close()


@pytest.fixture
def common(index):
    index.add("torch", "2.5.1", "lib")
    index.add("vision", "1.0", "torch==2.5.1")
    index.add("lib", "1.0")
    return index


def torch(*indexes, **more):
    return direct("torch==2.5.1+cu124", indexes=indexes, **more)


def versions(found):
    return {p.name: p.version for p in found.packages if p.name != "jupyter-devbox"}


def test_it_comes_from_its_index_and_what_it_needs_does_not(common, own):
    found = lock_environment(spec(torch(own.url), direct("vision")), NEW, common.env)
    assert versions(found) == {"torch": "2.5.1+cu124", "vision": "1.0", "lib": "1.0"}
    assert not any("lib" in path for path in own.asked)
    (package,) = [p for p in found.packages if p.name == "torch"]
    assert package.index == own.url
    assert package.url == own.url.replace("/simple", "/files/torch-2.5.1+cu124-py3-none-any.whl")
    (decision,) = found.decisions
    assert (decision.what, decision.choice) == ("torch", "torch==2.5.1+cu124")
    assert own.url in decision.reason


def test_what_was_locked_installs_from_there(common, own, tmp_path):
    found = lock_environment(spec(torch(own.url)), NEW, common.env)
    folder = tmp_path / "lock"
    (folder / "wheels").mkdir(parents=True)
    texts = format_lock(found)
    for name, text in texts.items():
        (folder / name).write_text(text)
    for wheel in found.wheels:
        (folder / "wheels" / wheel.filename).write_bytes(wheel.content)
    make_venv(tmp_path / "venv", sys.executable)
    python = tmp_path / "venv" / "bin" / "python"
    own.pages.clear()  # the file's address is in the lock: no page is needed
    wheels = folder / "wheels"
    install_lock(python, folder / CPU.rest, wheels=wheels, index=common.env, bytecode=False)
    ask = "import importlib.metadata as m; print(m.version('torch'), m.version('lib'))"
    assert subprocess.check_output([python, "-c", ask], text=True).split() == ["2.5.1+cu124", "1.0"]
    pins = {name: version for text in texts.values() for name, version in read_pins(text).items()}
    assert pins["torch"] == "2.5.1+cu124"


def test_a_page_of_links_is_an_index_too(common, own):
    own.pages = {"links.html": own.pages["torch"]}
    found = lock_environment(spec(torch(f"{own.url}/links.html")), NEW, common.env)
    assert versions(found)["torch"] == "2.5.1+cu124"


def test_the_first_that_has_it_is_taken(common, own):
    found = lock_environment(spec(torch(common.url, own.url)), NEW, common.env)
    assert [p.index for p in found.packages if p.name == "torch"] == [own.url]


def test_an_index_that_lacks_it_gives_way_to_the_public_version(common, own):
    own.pages.clear()
    found = lock_environment(spec(torch(own.url)), NEW, common.env)
    assert versions(found) == {"torch": "2.5.1", "lib": "1.0"}
    (decision,) = found.decisions
    assert (decision.what, decision.choice) == ("torch", "torch==2.5.1")
    assert f"{own.url} has no 2.5.1+cu124" in decision.reason


def test_an_index_that_does_not_answer_gives_way_too(common, own):
    own.server.server_close()
    found = lock_environment(spec(torch(own.url)), NEW, common.env)
    assert versions(found)["torch"] == "2.5.1"
    assert f"{own.url} does not answer" in found.decisions[0].reason


def test_an_index_that_is_silent_is_waited_for_once(own):
    asked = []

    def ask(request):
        asked.append(request.bound)
        raise IndexUnreachableError("nobody", hint="wait")

    environment = spec(torch(own.url), direct("vision==1.0+cu124", indexes=(own.url,)))
    found = ask_recorded(environment, TEMPLATE, ask, trusted=True)
    assert asked == [{"torch==2.5.1+cu124": own.url}]
    assert [d.choice for d in found.decisions] == ["torch==2.5.1", "vision==1.0"]
    assert all(f"{own.url} does not answer" in d.reason for d in found.decisions)


def test_what_it_needs_may_be_nowhere_else(common, own):
    """A stranger's index gives the one package that is installed from there, no more."""
    own.add("triton-cu", "3.0")
    own.pages["torch"] = []
    own.add("torch", "2.5.1+cu124", "triton-cu==3.0")
    found = lock_environment(spec(torch(own.url), direct("vision")), NEW, common.env)
    assert versions(found) == {"torch": "2.5.1", "vision": "1.0", "lib": "1.0"}
    (decision,) = found.decisions
    assert decision.choice == "torch==2.5.1"
    assert "what torch==2.5.1+cu124 needs" in decision.reason


def test_no_public_version_either(common, own):
    own.pages.clear()
    common.pages.pop("torch")
    with pytest.raises(ResolutionError):
        lock_environment(spec(torch(own.url)), NEW, common.env)


def test_a_file_that_has_no_plain_address_is_not_locked(common, own):
    own.pages["torch"] = [page.replace("/files/", "/files/${HOME}/") for page in own.pages["torch"]]
    found = lock_environment(spec(torch(own.url)), NEW, common.env)
    assert versions(found)["torch"] == "2.5.1"


def test_an_index_that_the_project_names_is_not_asked_before_it_is_trusted(common, own):
    with pytest.raises(UntrustedProjectError) as caught:
        lock_environment(spec(torch(own.url)), NEW, common.env, trusted=False)
    assert own.url in caught.value.message
    assert own.asked == []


def test_its_login_comes_by_the_environment_and_shows_up_nowhere(common, own):
    url, own.login = own.url, "ada:hunter2"
    env = {**common.env, **index_login(url, "ada", "hunter2")}
    found = lock_environment(spec(torch(url)), NEW, env)
    assert versions(found)["torch"] == "2.5.1+cu124"
    spellings = ("hunter2", base64.b64encode(b"ada:hunter2").decode())
    text = repr(found) + "".join(format_lock(found).values())
    assert not any(spelling in text for spelling in spellings)


def test_the_same_again_asks_nobody(common, own):
    environment = spec(torch(own.url), direct("vision"))
    first = lock_environment(environment, NEW, common.env)
    common.close()
    own.server.shutdown()
    started = time.monotonic()
    assert lock_environment(environment, NEW, common.env) == first
    assert time.monotonic() - started < 20


def test_a_wheel_that_was_installed_by_its_address_is_locked_so(common, own):
    """What was installed from our own lock says where it came from (PEP 610)."""
    url = own.url.replace("/simple", "/files/torch-2.5.1+cu124-py3-none-any.whl")
    asked = direct("torch==2.5.1", source="file", url=url)
    found = lock_environment(spec(asked, direct("vision")), NEW, common.env)
    assert versions(found) == {"torch": "2.5.1+cu124", "vision": "1.0", "lib": "1.0"}
    assert [p.url for p in found.packages if p.name == "torch"] == [url]


def test_a_private_package_comes_from_the_index_that_the_notebook_had_it_from(common, own):
    own.add("lab", "1.2", "lib")
    common.add("lab", "1.2")  # somebody else's, of the same name
    mine = direct("lab==1.2", indexes=(own.url,))
    found = lock_environment(spec(mine), NEW, common.env)
    assert versions(found) == {"lab": "1.2", "lib": "1.0"}
    (package,) = [p for p in found.packages if p.name == "lab"]
    assert package.url is not None
    assert package.url.startswith(own.url.replace("/simple", "/files/"))


def test_what_its_index_lacks_comes_from_the_common_one(common, own):
    found = lock_environment(spec(direct("lib==1.0", indexes=(own.url,))), NEW, common.env)
    assert versions(found) == {"lib": "1.0"}
    (decision,) = found.decisions
    assert (decision.choice, own.url in decision.reason) == ("lib==1.0", True)


def test_without_trust_a_plain_version_comes_from_the_common_index(common, own):
    own.add("lib", "1.0")
    found = lock_environment(
        spec(direct("lib==1.0", indexes=(own.url,))), NEW, common.env, trusted=False
    )
    assert versions(found) == {"lib": "1.0"}
    assert own.asked == []
    (decision,) = found.decisions
    assert "not asked on the notebook's word alone" in decision.reason
