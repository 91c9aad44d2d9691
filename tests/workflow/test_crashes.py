"""What crashed kernels said: kept, and not without bounds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_devbox.errors import FileError, KernelStartError
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.crashes import keep_core, keep_crash, with_log


@pytest.fixture
def context(tmp_path):
    return Context(home=tmp_path, env={}, data=tmp_path / "data", kernels=tmp_path / "kernels")


def test_the_newest_twenty_are_kept(context):
    made = []
    for number in range(25):
        made.append(keep_crash(context, f"/home/ada/p{number % 3}", f"crash {number}\n"))
        os.utime(made[-1], (number, number))
    assert [path.exists() for path in made] == [False] * 5 + [True] * 20
    assert made[-1].read_text() == "crash 24\n"
    assert made[-1].stat().st_mode & 0o777 == 0o600
    assert made[-1].name.startswith("crash-p0-")


def test_logs_of_builds_stay(context):
    context.logs.mkdir(parents=True)
    (context.logs / "digits-1a2b-cpu-1.log").write_text("built")
    for number in range(22):
        keep_crash(context, "/p", f"{number}")
    assert (context.logs / "digits-1a2b-cpu-1.log").read_text() == "built"


def test_of_nothing_said_nothing_is_kept(context):
    assert keep_crash(context, "/p", " \n") is None
    assert not context.logs.exists()


def test_a_folder_that_cannot_be_written(context, tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(FileError):
        keep_crash(context, "/p", "crash")


def test_the_message_names_the_file():
    death = KernelStartError("It ended", hint="before", details=("a", "b"))
    told = with_log(death, Path("/data/logs/crash-p-1.log"))
    assert (told.message, told.details) == ("It ended", ("a", "b"))
    assert "/data/logs/crash-p-1.log" in told.hint


def test_the_newest_two_core_dumps_are_kept_and_named(context, tmp_path):
    project, made = tmp_path / "p", []
    project.mkdir()
    for number in range(4):
        log = keep_crash(context, str(project), f"crash {number}\n")
        (project / "core").write_bytes(b"\x7fELF" + bytes(12) + b"\4\0")
        made.append(keep_core(context, str(project), "core", log))
        os.utime(made[-1], (number, number))
        assert made[-1] == log.with_suffix(".core")
    assert [path.exists() for path in made] == [False, False, True, True]
    assert not (project / "core").exists()
    told = with_log(KernelStartError("It ended"), log, made[-1])
    assert f"its core dump is {made[-1]}; " in told.hint


def test_a_core_dump_that_cannot_be_moved_is_named_where_it_is(context, tmp_path):
    log = keep_crash(context, str(tmp_path / "p"), "crash")
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "core").write_bytes(b"none of them")
    assert keep_core(context, str(tmp_path / "p"), "core", log) == tmp_path / "p" / "core"
    assert (tmp_path / "p" / "core").exists()
