"""Quoting: no value becomes an instruction, a shell word of its own, or a variable."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace

import pytest
from cases import CASES
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jupyter_devbox.errors import PlanError
from jupyter_devbox.files.merge import merge
from jupyter_devbox.render import render
from jupyter_devbox.render.instructions import Shell, arg, command, env, env_raw, key, run, word

HOSTILE = ["'", '"', "\\", "$(touch x)", "`id`", "$HOME", "${HOME}", "#", "!x", "&& id", "*", "a b",
           "\\'", '\\"', "\\$", "", "-x", "~", "a\\", "é", "\u2028", "<<EOF"]  # fmt: skip
printable = st.text(st.characters(exclude_categories=["Cs", "Cc"])) | st.sampled_from(HOSTILE)
anything = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(HOSTILE)


# --- a Dockerfile parser of the least kind ------------------------------------------------


def instructions(text):
    """Return the logical lines: comments gone, lines that end in a backslash joined."""
    lines = [line for line in text.split("\n") if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\[ \t]*\n", "", "\n".join(lines))
    return [line.strip() for line in joined.split("\n") if line.strip()]


def pairs(instruction, variables):
    """Return name → value of an ENV or ARG line, by the rules of Dockerfile's reference.

    Quotes group, a backslash takes the next character as it is (in double quotes only a quote, a
    dollar or a backslash), and $NAME is replaced.
    """
    rest = instruction.split(" ", 1)[1]
    found = {}
    while rest := rest.lstrip():
        name, _, rest = rest.partition("=")
        value, quote = "", ""
        while rest and (quote or rest[0] not in " \t"):
            character, rest = rest[0], rest[1:]
            if character == quote:
                quote = ""
            elif not quote and character in "'\"":
                quote = character
            elif character == "\\" and quote != "'" and rest:
                if quote and rest[0] not in '"$\\':
                    value += character
                value, rest = value + rest[0], rest[1:]
            elif character == "$" and quote != "'":
                match = re.match(r"\{(\w+)\}|(\w+)", rest)
                value += variables.get(match[1] or match[2], "") if match else "$"
                rest = rest[match.end() :] if match else rest
            else:
                value += character
        found[name] = value
    return found


# --- words of RUN ------------------------------------------------------------------------


@settings(max_examples=30)
@given(st.lists(printable, min_size=1, max_size=20))
@example(HOSTILE)
def test_the_shell_sees_each_word_as_it_was(words):
    line = command("printf", "%s\\0", *words)
    (instruction,) = instructions(run([line, "true"], ["type=secret,id=ca"]))
    shell = instruction.removeprefix("RUN ").removeprefix("--mount=type=secret,id=ca")
    done = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == words


@pytest.mark.usefixtures("pure")
@given(anything.filter(lambda text: re.search(r"[\x00-\x1f\x7f]", text)) | st.just("a\nRUN evil"))
def test_control_characters_are_refused(text):
    for quoting in (word, lambda t: env([("A", t)]), lambda t: arg("A", t)):
        with pytest.raises(PlanError, match="control character"):
            quoting(text)


def test_shell_text_of_our_own_stays():
    assert command("a", Shell("> b"), "> c") == "a > b '> c'"


# --- values of ENV and ARG -----------------------------------------------------------------


@pytest.mark.usefixtures("pure")
@given(st.lists(printable, min_size=1, max_size=3))
@example(HOSTILE)
def test_variables_get_just_their_values(values):
    wanted = {f"V{number}": value for number, value in enumerate(values)}
    (instruction,) = instructions(env(list(wanted.items())))
    assert pairs(instruction, {"HOME": "replaced", "touch": "replaced"}) == wanted
    for name, value in wanted.items():
        (instruction,) = instructions(arg(name, value))
        assert pairs(instruction, {"HOME": "replaced"}) == {name: value}


def test_text_of_our_own_is_replaced():
    assert pairs(env_raw("PATH", "/x:$PATH"), {"PATH": "/bin"}) == {"PATH": "/x:/bin"}


@pytest.mark.parametrize("name", ["", "1A", "A B", "A=B", "A\n", "É", "A-B"])
def test_names_of_variables(name):
    with pytest.raises(PlanError):
        key(name)
    with pytest.raises(PlanError):
        env([(name, "x")])


# --- the whole file ------------------------------------------------------------------------


def dockerfile(environment, lock, options):
    tree = render(environment, lock, options, uv_version="0.8.0")
    (file,) = [f for f in tree.files if f.path.endswith("Dockerfile")]
    return merge(file, None).content.decode()


@pytest.mark.usefixtures("pure")
@given(anything, anything, anything)
def test_names_of_projects_and_notebooks_never_reach_the_dockerfile(project, notebook, detail):
    environment, lock, options = CASES["apt"]
    first = environment.requirements[0]
    named = replace(
        environment,
        project=project,
        notebooks=(notebook,),
        requirements=(replace(first, detail=detail, notebooks=(notebook,)),),
        apt=tuple(replace(a, reason=detail, notebooks=(notebook,)) for a in environment.apt),
    )
    assert dockerfile(named, lock, options) == dockerfile(environment, lock, options)


@pytest.mark.usefixtures("pure")
@given(anything)
def test_an_index_address_adds_no_instruction(index):
    environment, lock, options = CASES["private-index"]
    try:
        text = dockerfile(replace(environment, indexes=(index, index)), lock, options)
    except PlanError:
        assert re.search(r"[\x00-\x1f\x7f]", index)
        return
    kinds = [line.split()[0] for line in instructions(text)]
    usual = [line.split()[0] for line in instructions(dockerfile(environment, lock, options))]
    assert kinds == usual


def test_every_run_is_shell_that_parses():
    for case in CASES.values():
        for line in instructions(dockerfile(*case)):
            if line.startswith("RUN "):
                shell = re.sub(r"^RUN (?:--mount=\S+\s+)*", "", line)
                subprocess.run(["/bin/sh", "-n", "-c", shell], check=True)


def test_home_is_set_after_the_last_run_and_nothing_is_copied():
    for case in CASES.values():
        lines = instructions(dockerfile(*case))
        kinds = [line.split()[0] for line in lines]
        home = next(n for n, line in enumerate(lines) if line.startswith("ENV") and "HOME=" in line)
        assert home > max(n for n, kind in enumerate(kinds) if kind == "RUN")
        assert not {"COPY", "ADD"} & set(kinds)
        assert not any(line.startswith("# syntax") for line in dockerfile(*case).splitlines())


def test_a_package_more_leaves_the_stable_layer_alone():
    from makers import locked

    environment, lock, options = CASES["plain"]
    more = replace(lock, packages=(*lock.packages, locked("six==1.17", group="rest")))
    assert dockerfile(environment, lock, options) == dockerfile(environment, more, options)


def test_credentials_come_as_secrets_alone():
    text = dockerfile(*CASES["private-index"])
    runs = [line for line in instructions(text) if "index.example" in line]
    assert runs
    assert all("--mount=type=secret,id=netrc" in line for line in runs)
