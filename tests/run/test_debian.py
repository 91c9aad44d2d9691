"""Root in a box: nothing of the box's user's is run, and no name is an option or a pattern."""

from __future__ import annotations

import pytest

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import RequirementError, RunError
from jupyter_devbox.run.debian import PATH, install_command, install_debian
from jupyter_devbox.spec.container import ExecResult, ExecSpec


class Debian:
    """An engine that notes what is run, with a Debian of two packages."""

    def __init__(self, fails: str = "") -> None:
        self.ran: list[ExecSpec] = []
        self._fails = fails

    def run(self, container: str, spec: ExecSpec, stdin: bytes = b"") -> ExecResult:
        self.ran.append(spec)
        if spec.command[0] == "/usr/bin/apt-cache":
            known = [n for n in ("ffmpeg", "ffmpeg-doc") if n.startswith(spec.command[-1])]
            return ExecResult(exit_code=0, stdout="\n".join(known))
        if self._fails and self._fails in spec.command:
            return ExecResult(exit_code=100, stdout="Reading\n", stderr="E: no room\n")
        return ExecResult(exit_code=0, stdout="done\n")


def install(debian: Debian, *names: str) -> list[str]:
    lines: list[str] = []
    engine: Engine = debian  # type: ignore[assignment]
    install_debian(engine, "box", names, lines.append)
    return lines


def test_what_runs_as_root():
    debian = Debian()
    assert install(debian, "ffmpeg") == ["done"] * 3
    for spec in debian.ran:
        assert spec.user == "0"
        assert spec.command[0].startswith(("/bin/", "/usr/bin/"))
        assert spec.env["PATH"] == PATH
    assert "/opt/venv" not in PATH
    script = next(s.command for s in debian.ran if "install" in s.command)
    assert "ffmpeg" not in script[2]
    assert script[-2:] == ("--", "ffmpeg")
    assert install_command(["ffmpeg"]) == (
        "apt-get install --quiet=2 --yes --no-install-recommends ffmpeg"
    )


@pytest.mark.parametrize("name", ["-y", "libc6-", "./x.deb", "/x", "a=1", "a b", "", "A", "$(id)"])
def test_what_is_no_name_never_reaches_the_box(name):
    debian = Debian()
    with pytest.raises(RequirementError):
        install(debian, "ffmpeg", name)
    assert debian.ran == []


@pytest.mark.parametrize("name", ["ffmpe", "f.mpeg", "nosuch"])
def test_what_debian_does_not_know_is_not_installed(name):
    debian = Debian()
    with pytest.raises(RequirementError, match="no package of this name"):
        install(debian, name)
    assert not any("install" in spec.command for spec in debian.ran)


@pytest.mark.parametrize("step", ["update", "install"])
def test_apt_gives_up(step):
    debian = Debian(fails=step)
    with pytest.raises(RunError) as caught:
        install(debian, "ffmpeg")
    assert caught.value.details == ("E: no room",)
