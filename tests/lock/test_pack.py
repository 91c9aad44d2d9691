"""Modules from outside the project become wheels, and keep them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from makers import lock, spec

from jupyter_devbox.errors import LockError
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.files.writer import compare, write
from jupyter_devbox.lock.pack import pack_modules
from jupyter_devbox.render import render
from jupyter_devbox.spec.environment import PackedModule
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.snapshot import LocalModule


@pytest.fixture
def packed(tmp_path):
    """A plan with a module whose files are there."""
    (tmp_path / "my_tools.py").write_text("x = 1\n")
    module = LocalModule(name="my_tools", path=str(tmp_path / "my_tools.py"), inside=False)
    named = PackedModule(name="my_tools", notebooks=("b.ipynb",))
    return spec(local_modules=(module,), packed=(named,))


def test_a_wheel_lasts_without_its_files(packed, tmp_path):
    """Another notebook is captured, and the files may be on another machine."""
    (wheel,) = pack_modules(packed)
    project = tmp_path / "project"
    project.mkdir()
    found = replace(lock(), wheels=(wheel.wheel,))
    tree = render(packed, found, ProjectOptions(pack=("my_tools",)), uv_version="0.8.0")
    write(project, compare(project, tree))
    existing = read_environment(project)
    assert existing.packed == packed.packed
    later = replace(packed, local_modules=())
    assert pack_modules(later, existing.wheels) == (wheel,)


def test_files_that_are_there_come_before_an_older_wheel(packed, tmp_path):
    (old,) = pack_modules(packed)
    (tmp_path / "my_tools.py").write_text("x = 2\n")
    (new,) = pack_modules(packed, (old.wheel,))
    assert new.version != old.version


def test_a_wheel_that_is_gone(packed):
    with pytest.raises(LockError) as caught:
        pack_modules(replace(packed, local_modules=()))
    assert "my_tools" in caught.value.message
    assert "b.ipynb" in caught.value.hint


def test_a_link_is_no_wheel_of_ours(packed, tmp_path):
    wheels = tmp_path / "project" / ".devcontainer" / "wheels"
    wheels.mkdir(parents=True)
    (wheels / "devbox_local_x-0+abc-py3-none-any.whl").symlink_to("/etc/hostname")
    with pytest.raises(Exception, match="link leads out"):
        read_environment(tmp_path / "project")
