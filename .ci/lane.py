"""A second lane for the tests: this machine once more, with an engine and a ``/tmp`` of its own.

Two runs of tests on one engine see, and remove, each other's containers. In a mount namespace
``/run`` (with Docker's socket), Docker's data and ``/tmp`` are other folders under the same names,
so that tests need not know in which lane they are. All else is shared, the network too.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import base_image
import daemon
import engine
from environment import PYTHON
from steps import ROOT, CiError, ask, end, step

DATA = Path("/var/lib/docker")  # the one place that is known to be fit for an engine's layers
FOLDER = DATA / "devbox-lane"
LOG = Path("/var/log/jupyter-devbox-dockerd-lane.log")
# Both daemons route through this machine: their networks must not be each other's.
BRIDGE, ADDRESS, POOL = "devbox-lane", "10.213.0.1/24", "base=10.214.0.0/16,size=24"


@contextmanager
def lanes(first: engine.Engine | engine.NoEngine) -> Iterator[list[str]]:
    """Start the second lane, with the base image; end it and remove what it kept.

    Only beside a daemon that we started, as root: nothing of others is disturbed by one more.

    Yields
    ------
    options
        For pytest (its plugin xdist): one worker here and one in the lane, each of which takes the
        next file of tests when it has done with one. None where there is no second lane.

    Raises
    ------
    CiError
        If the lane or its daemon can't be started.
    """
    if isinstance(first, engine.NoEngine) or not first.started:
        yield []
        return
    shutil.rmtree(FOLDER, ignore_errors=True)  # of a run that was killed
    common = Path(tempfile.mkdtemp(prefix="pt-"))
    holder = subprocess.Popen(
        ["unshare", "--mount", "--propagation", "private", sys.executable, __file__, common],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the tests, which then end, and the lane with them
    )
    inside = ["nsenter", f"--mount=/proc/{holder.pid}/ns/mnt", f"--wd={ROOT}"]
    try:
        with step("started a second engine, for a second lane of tests"):
            if holder.stdout is None or holder.stdout.readline() != "up\n":
                message = "the second lane of tests can't be started"
                raise CiError(message, f"its engine's log: {LOG}")
            _copy_base_image(first, inside)
        there = f"popen//python={shlex.join([*inside, str(PYTHON)])}"
        workers = ["--tx", "popen", "--tx", there, "--dist", "loadfile", "--no-loadscope-reorder"]
        yield [*workers, f"--basetemp={common}/t"]
    finally:
        holder.communicate()
        _ip("link", "delete", BRIDGE)
        for folder in (FOLDER, common):
            shutil.rmtree(folder, ignore_errors=True)


def _copy_base_image(first: engine.Engine, inside: list[str]) -> None:
    """Give the lane's engine the base image that the first one has."""
    save = subprocess.Popen(
        [first.docker, "save", base_image.IMAGE], env=first.env, stdout=subprocess.PIPE
    )
    done = subprocess.run(
        [*inside, first.docker, "load", "--quiet"],
        env=first.env,
        stdin=save.stdout,
        capture_output=True,
        text=True,
        check=False,
    )
    if save.stdout:
        save.stdout.close()
    if save.wait() or done.returncode:
        message = f"the second lane's engine can't load the base image: `{done.stderr.strip()}`"
        raise CiError(message, f"the engine's log: {LOG}")


def _hold(common: Path) -> None:
    """Be the lane: mount, start the daemon, say so, and stop it when standard input ends."""
    known = "\n".join([*os.environ.values(), str(ROOT), str(ROOT.parent / "shared"), str(common)])
    _replace(Path("/tmp"), FOLDER / "tmp", known)
    _replace(Path("/run"), FOLDER / "run", str(Path("/etc/resolv.conf").resolve()))
    _replace(DATA, FOLDER / "data", "")
    _ip("link", "add", BRIDGE, "type", "bridge")
    _ip("address", "add", ADDRESS, "dev", BRIDGE)
    daemon.start(
        lambda: isinstance(engine.find(), engine.Engine),
        keep=False,
        options=["--bridge", BRIDGE, "--default-address-pool", POOL],
        log=LOG,
    )
    print("up", flush=True)
    sys.stdin.read()
    daemon.stop()


def _replace(place: Path, folder: Path, known: str) -> None:
    """Put an empty folder in a place, in which only those stay whose paths are in a text."""
    folder.mkdir(parents=True)
    folder.chmod(place.stat().st_mode & 0o7777)
    for name in set(re.findall(rf"{place}/([^/:\n]+)", known)):
        if (place / name).is_dir():
            (folder / name).mkdir()
            _mount("--rbind", place / name, folder / name)
    _mount("--rbind", folder, place)


def _mount(*words: str | Path) -> None:
    if ask(["mount", *words]) is None:
        message = f"can't mount: `{shlex.join(map(str, words))}`"
        raise CiError(message)


def _ip(*words: str) -> None:
    ask(["ip", *words])


if __name__ == "__main__":
    try:
        _hold(Path(sys.argv[1]))
    except CiError as problem:
        sys.exit(end(problem))
