"""Mistakes on the command line: exit code 2, one sentence, a next step, and nothing done."""

from __future__ import annotations

import subprocess
import sys

import pytest

from jupyter_devbox.cli.app import _VERBS
from jupyter_devbox.cli.containerize import ContainerizeVerb

WRONG = [
    (("frobnicate",), "There is no such verb: `frobnicate`"),
    (("--json", "status"), "There is no such option: `--json`"),
    (("status", "--nope"), "There is no such option: `--nope`"),
    (("containerize", "x.ipynb", "--dryrun"), "There is no such option: `--dryrun`"),
    (("status", "extra"), "`extra`"),
    (("capture",), "takes one notebook"),
    (("capture", "a.ipynb", "b.ipynb"), "`b.ipynb`"),
    (("run",), "takes one notebook"),
    (("containerize",), "Which notebook?"),
    (("plan", "x.ipynb", "--port", "many"), "--port"),
    (("plan", "--include"), "needs a value: `--include`"),
    (("capture", "--json=3", "x.ipynb"), "takes no value: `--json`"),
    (("containerize", "x.ipynb", "--target", "gpu"), "target is not known: `gpu`"),
    (("containerize", "x.ipynb", "--target", ""), "target"),
    (("verify", "--target", "rocm"), "target is not known"),
    (("verify", "--tolerance", "2"), "from 0 to 1: `2.0`"),
    (("verify", "--tolerance", "nan"), "from 0 to 1: `nan`"),
    (("verify", "--tolerance", "some"), "--tolerance"),
    (("sbom", "--target", "venv"), "--target"),
    (("kernel", "frobnicate"), "install, list, or remove"),
    (("kernel", "remove"), "install, list, or remove"),
    (("kernel", "list", "extra"), "install, list, or remove"),
    (("run", "x.ipynb", "--timeout", "soon"), "--timeout"),
    (("prune", "--older-than"), "needs a value: `--older-than`"),
    (("ports", "--open", "many"), "--open"),
    (("ports", "--open", "0"), "This is no port: `0`"),
    (("ports", "--open", "70000"), "This is no port: `70000`"),
    (("ports", "8501"), "`8501`"),
    (("status", "--binder"), "There is no such option: `--binder`"),
]


@pytest.mark.parametrize(
    ("words", "message"), WRONG, ids=lambda v: " ".join(v) if v is tuple else None
)
def test_a_mistake_ends_with_2_and_a_next_step(devbox, project, words, message):
    said = devbox(*words)
    assert said.code == 2
    assert message in said.err
    assert said.out == ""
    assert "Next: " in said.err or "VERB --help says more" in said.err
    assert list(project.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [("status", "--nope"), ("plan", "--port", "x"), ("capture",), ("kernel", "x", "y", "z")],
)
def test_with_json_a_mistake_is_an_object_too(devbox, words):
    said = devbox(*words, "--json")
    assert said.code == 2
    assert said.json["error"]["code"] == "usage"
    assert said.json["error"]["message"]


@pytest.mark.parametrize(
    ("words", "binder", "notebooks"),
    [
        (["--binder", "a.ipynb"], "dockerfile", ["a.ipynb"]),
        (["a.ipynb", "--binder"], "dockerfile", ["a.ipynb"]),
        (["--binder=buildpack", "a.ipynb"], "buildpack", ["a.ipynb"]),
        (["a.ipynb"], "", ["a.ipynb"]),
    ],
)
def test_binder_alone_takes_no_notebook_for_its_value(words, binder, notebooks):
    verb = ContainerizeVerb()
    verb.read(words)
    request = verb.whole_request()
    assert request.wishes.binder == binder
    assert [str(path) for path in request.notebooks] == notebooks


@pytest.mark.parametrize(
    ("words", "cause", "hint"),
    [
        ([], "needs a terminal", "in a terminal"),
        (["--json"], "no JSON", "in a terminal"),
        (["--target", "venv"], "no box for this target: `venv`", "--target cpu"),
        (["a.ipynb", "b.ipynb"], "too many", "--help"),
    ],
)
def test_a_shell_needs_a_terminal_and_a_box(devbox, words, cause, hint):
    said = devbox("shell", *words)
    assert said.code == 2
    assert cause in said.err
    assert hint in said.err


def test_without_a_verb_the_verbs_are_listed(devbox):
    said = devbox()
    assert said.code == 0
    for verb in _VERBS:
        assert f"  {verb} " in said.out


def test_every_verb_explains_itself_and_its_options():
    """In one process: eleven starts of Python would take as long as all the other tests."""
    code = """
import sys, io, contextlib
from jupyter_devbox.cli.app import _VERBS, find_verb
for verb in _VERBS:
    made = find_verb(verb)()
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        made.print_help()
    text = text.getvalue()
    assert text.startswith(made.__doc__.split(".")[0].split(";")[0][:40]), (verb, text)
    for option in (*made.flags, *made.aliases):
        dashes = "-" if len(option) == 1 else "--"
        assert f"{dashes}{option}" in text, (verb, option)
    for name, trait in made.traits(config=True).items():
        assert trait.help or name in {"log_datefmt", "log_format"}, (verb, name)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_help_and_version(devbox):
    assert "VERB" in devbox("--help").out or devbox("--help").code == 0
    assert devbox("status", "--help").code == 0
    assert devbox("--version").out.strip()[0].isdigit()


def test_a_reader_that_goes_away_is_no_error():
    command = f"{sys.executable} -m jupyter_devbox containerize --help-all | true"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""
