"""Known failures: recorded ones, and sentences."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_devbox.build.fixes import diagnose
from jupyter_devbox.build.headers import HEADERS, MODULES, PROGRAMS
from jupyter_devbox.build.phases import PhaseTracker
from jupyter_devbox.engine.progress import ProgressParser

pytestmark = pytest.mark.usefixtures("pure")

DATA = Path(__file__).parent / "data"


def recorded(name: str):
    """Diagnose a recorded build."""
    parser, tracker = ProgressParser(), PhaseTracker()
    lines = []
    for step in parser.feed((DATA / f"{name}.rawjson").read_bytes()) + parser.close():
        tracker.see(step)
        lines += [text for text in (step.line, step.error) if text]
    return diagnose([*lines, *parser.text], tracker.current)


@pytest.mark.parametrize(
    ("name", "cause", "hint", "apt"),
    [
        (
            "header",
            (
                "pygraphviz 1.14 has to be compiled and needs the headers from libgraphviz-dev: "
                "`graphviz/cgraph.h`"
            ),
            "jupyter devbox containerize --apt libgraphviz-dev",
            ("libgraphviz-dev",),
        ),
        (
            "pipheader",
            "pygraphviz has to be compiled",
            "--apt libgraphviz-dev",
            ("libgraphviz-dev",),
        ),
        ("nogcc", "pygraphviz 1.14 .* a program .*: `gcc`", "--apt build", ("build-essential",)),
        ("pgconfig", "psycopg2 .* from libpq-dev: `pg_config`", "--apt libpq-dev", ("libpq-dev",)),
        ("apt", "Debian has no package of that name: `nosuchpkg-dev`", "--apt NAME", ()),
        ("hash", "another file than the one that was locked: `six==1.16.0`", "locks again", ()),
        ("ca", "certificate is not trusted", "export SSL_CERT_FILE=", ()),
        ("net", "can't reach the network", "HTTPS_PROXY", ()),
        ("noversion", "the index does not have: `six==99.1`", "pin a version", ()),
        ("nowheel", "no wheel .*: `tensorflow-macos==2.12.0`", "--exclude", ()),
        ("nobin", "no wheel .*: `pygraphviz==1.14`", "--exclude", ()),
        ("full", "the disk .* is full", "jupyter devbox prune", ()),
        ("killed", "memory ran out", "more memory", ()),
        ("base", "hub can't be reached.*: `registry.example/nosuch/image:1`", "docker images", ()),
        ("syntax", "can't be read at line: `2`", "correct that line", ()),
        ("copy", "not beside it: `nofile`", "jupyter devbox containerize", ()),
    ],
)
def test_recorded(name, cause, hint, apt):
    fix = recorded(f"failed-{name}")
    assert fix is not None
    assert re.search(cause, fix.cause)
    assert hint in fix.hint
    assert fix.apt == apt


def test_recorded_and_unknown():
    assert recorded("failed-unknown") is None
    assert recorded("cold") is None


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("x.c:1: fatal error: Python.h: No such file or directory", "from python3-dev: `Python.h`"),
        ("fatal error: odd/thing.h: No such file or directory", "needs a C header: `odd/thing.h`"),
        ("fatal error: mariadb/mysql.h: No such file or directory", "`mariadb/mysql.h`"),
        ("No package 'cairo' found", "from libcairo2-dev: `cairo`"),
        ("Package libffi was not found in the pkg-config search path", "libffi-dev: `libffi`"),
        ('Dependency "openblas" not found, tried pkgconfig', "from libopenblas-dev: `openblas`"),
        ("/bin/sh: 1: cmake: not found", "from cmake: `cmake`"),
        ("sh: git: command not found", "from git: `git`"),
        ("ERROR: Cannot find command 'git'", "from git: `git`"),
        ("error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory", "`gcc`"),
        ("error: can't find Rust compiler", "needs a program: `cargo`"),
        ("CMake must be installed to build dlib", "needs a program: `cmake`"),
        ("x.whl is not a supported wheel on this platform.", "no wheel"),
        ("c++: fatal error: Killed signal terminated signal 9 program cc1plus", "memory ran out"),
        ("standard_init_linux.go: exec format error", "another kind of processor"),
        ("/bin/sh: useradd: not found", "neither Debian nor Ubuntu, for it lacks: `useradd`"),
        ("/bin/sh: line 1: apt-get: command not found", "neither Debian nor Ubuntu"),
        (('unable to start container process: exec: "/bin/sh": stat /bin/sh: no such file or '
         "directory"), "has no shell: `/bin/sh`"),
        ("/bin/sh: 1: python3: not found", "has no Python: `python3`"),
        ("uv: /lib/libc.so.6: version `GLIBC_2.34' not found (required by x)", "`GLIBC_2.34`"),
        (("in `--require-hashes` mode, all requirements must have a hash, but none were "
         "provided for: six==1.0"), "the lock has no hash: `six==1.0`"),
    ],
)  # fmt: skip
def test_sentences(line, cause):
    fix = diagnose(["something before", line, "something after"])
    assert fix is not None
    assert cause in fix.cause


@pytest.mark.parametrize(
    ("line", "phase", "hint"),
    [
        ("toomanyrequests: You have reached your pull rate limit", "Base image", "docker login"),
        ("429 Too Many Requests", "Python packages", "wait a little"),
        ("x509: certificate signed by unknown authority", "Base image", "restart Docker"),
        ("SSL: CERTIFICATE_VERIFY_FAILED", "Python packages", "SSL_CERT_FILE"),
        (
            "failed to resolve source metadata for a/b:1: manifest unknown: x",
            "Base image",
            "--base",
        ),
        (
            (
                "failed to resolve source metadata for a/b:1: pull access denied, repository does "
                "not exist or may require authorization"
            ),
            "Base image",
            "--base IMAGE",
        ),
        (
            (
                "failed to resolve source metadata for a/b:1: failed to do request: Head: dial "
                "tcp: i/o timeout"
            ),
            "Base image",
            "go online",
        ),
    ],
)
def test_the_phase_decides_about_the_cure(line, phase, hint):
    fix = diagnose([line], phase)
    assert fix is not None
    assert hint in fix.hint


def test_messages_that_are_wrapped():
    fix = diagnose(["fatal error: graphviz/cgraph.h: No", "      such file or directory"])
    assert fix is not None
    assert fix.apt == ("libgraphviz-dev",)


def test_names_are_debian_s():
    for package in (*HEADERS.values(), *MODULES.values(), *PROGRAMS.values()):
        assert re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", package)


@given(st.lists(st.text()), st.sampled_from([None, "Base image", "Python packages"]))
def test_any_text_is_read(lines, phase):
    diagnose(lines, phase)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("text", ["x" * 16_384, "exec: ", "stat /bin/sh ", "a-b.wh", "version `"])
def test_a_step_that_prints_megabytes_is_explained_at_once(text):
    """Quadratic patterns froze the server for a minute: they hold the interpreter's lock."""
    assert diagnose([text * (1_000_000 // len(text)), "gcc: command not found"]) is not None
